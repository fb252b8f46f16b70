package config

import (
	"net/url"
	"regexp"
	"strings"
)

// StorageKind is where files are kept.
type StorageKind string

// The kinds of storage.
const (
	Disk StorageKind = "disk" // below DataDir
	S3   StorageKind = "s3"   // MinIO by default, any server that speaks S3 as well
)

// Storage says where avatars and attachments are kept. For Disk nothing but Kind
// is set.
type Storage struct {
	Kind      StorageKind
	Endpoint  string // host:port, without a scheme, as minio-go takes it
	Secure    bool   // https
	AccessKey string
	SecretKey Secret
	Bucket    string
	Region    string
}

// bucketName is the rule common to S3 servers: 3–63 of a–z, 0–9, dot, hyphen.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

func (r *reader) storage() Storage {
	use := r.flag("USE_MINIO")
	s3 := Storage{
		Kind:      S3,
		AccessKey: strings.TrimSpace(r.secret("S3_ACCESS_KEY_ID").Reveal()),
		SecretKey: r.secret("S3_SECRET_ACCESS_KEY"),
		Bucket:    r.text("S3_BUCKET_NAME", "chillin"),
		Region:    r.text("S3_REGION", "us-east-1"),
	}
	endpoint := r.lookup("MINIO_ENDPOINT")
	if !use {
		return Storage{Kind: Disk}
	}
	var ok bool
	if s3.Endpoint, s3.Secure, ok = splitEndpoint(endpoint); !ok {
		r.fault("MINIO_ENDPOINT", "%q is not host:port, http://host:port or https://host[:port]; USE_MINIO needs it", endpoint)
	}
	if s3.AccessKey == "" {
		r.fault("S3_ACCESS_KEY_ID", "is missing; USE_MINIO needs it")
	}
	if s3.SecretKey == "" {
		r.fault("S3_SECRET_ACCESS_KEY", "is missing; USE_MINIO needs it")
	}
	if !bucketName.MatchString(s3.Bucket) {
		r.fault("S3_BUCKET_NAME", "%q is not 3–63 of a–z, 0–9, dot and hyphen", s3.Bucket)
	}
	return s3
}

// splitEndpoint takes host:port (plain HTTP, as inside a Compose network) or a
// URL without path, user or query.
func splitEndpoint(v string) (host string, secure, ok bool) {
	if !strings.Contains(v, "://") {
		return v, false, isHostPort(v, false)
	}
	u, err := url.Parse(v)
	if err != nil || u.User != nil || u.RawQuery != "" || strings.Trim(u.Path, "/") != "" {
		return "", false, false
	}
	if u.Port() != "" && !isHostPort(u.Host, false) {
		return "", false, false
	}
	return u.Host, u.Scheme == "https", u.Hostname() != "" && (u.Scheme == "http" || u.Scheme == "https")
}
