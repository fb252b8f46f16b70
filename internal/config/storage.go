package config

import (
	"net/url"
	"regexp"
	"strings"
)

// StorageKind is the kind of file storage.
type StorageKind string

// The kinds of storage.
const (
	Disk StorageKind = "disk" // below DataDir
	S3   StorageKind = "s3"   // MinIO by default, or any other S3-compatible server
)

// Storage configures the storage of avatars and attachments. With Disk, only Kind is set.
type Storage struct {
	Kind      StorageKind
	Endpoint  string // host:port, without a scheme, as minio-go expects it
	Secure    bool   // https
	AccessKey string // "" on AWS: the keys come from the environment or the role of the machine
	SecretKey Secret
	Bucket    string
	Region    string
}

// bucketName is the common rule of S3 servers: 3–63 characters of a–z, 0–9, dot and hyphen.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

func (r *reader) storage() Storage {
	use := r.flag("USE_MINIO")
	s3 := Storage{
		Kind:      S3,
		AccessKey: strings.TrimSpace(r.secret("S3_ACCESS_KEY_ID").Reveal()),
		SecretKey: r.secret("S3_SECRET_ACCESS_KEY"),
		Bucket:    r.value("S3_BUCKET_NAME"),
		Region:    r.value("S3_REGION"),
	}
	endpoint := r.value("MINIO_ENDPOINT")
	if !use {
		return Storage{Kind: Disk}
	}
	var ok bool
	if s3.Endpoint, s3.Secure, ok = splitEndpoint(endpoint); !ok {
		r.addError("MINIO_ENDPOINT", "%q is not host:port, http://host:port or https://host[:port]; USE_MINIO requires it", endpoint)
	}
	if s3.AccessKey != "" || s3.SecretKey != "" || !onAWS(s3.Endpoint) {
		if s3.AccessKey == "" {
			r.addError("S3_ACCESS_KEY_ID", "is missing; USE_MINIO requires it")
		}
		if s3.SecretKey == "" {
			r.addError("S3_SECRET_ACCESS_KEY", "is missing; USE_MINIO requires it")
		}
	}
	if !bucketName.MatchString(s3.Bucket) {
		r.addError("S3_BUCKET_NAME", "%q is not 3–63 characters of a–z, 0–9, dot and hyphen", s3.Bucket)
	}
	return s3
}

// onAWS reports whether an endpoint is Amazon S3, where keys can come from a role.
func onAWS(endpoint string) bool {
	host, _, _ := strings.Cut(endpoint, ":")
	return strings.HasSuffix(host, ".amazonaws.com") || strings.HasSuffix(host, ".amazonaws.com.cn")
}

// splitEndpoint accepts host:port, which means plain HTTP as inside a Compose network, or a URL without
// path, user or query.
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
