package blob

import (
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

// keys returns the keys of o. Without any, they are found and renewed as the tools of AWS do it: from
// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, from the file of shared credentials, or from the role of
// the pod, container or machine.
func (o S3Options) keys() *credentials.Credentials {
	if o.AccessKey != "" {
		return credentials.NewStaticV4(o.AccessKey, o.SecretKey, "")
	}
	roles := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{Proxy: proxyUnlessLocal, MaxIdleConnsPerHost: 1}}
	return credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{Client: roles, Region: o.Region},
	})
}

// proxyUnlessLocal asks the metadata service of a machine (169.254.169.254) without a proxy, which
// would answer with the role of its own machine.
func proxyUnlessLocal(r *http.Request) (*url.URL, error) {
	if addr, err := netip.ParseAddr(r.URL.Hostname()); err == nil && addr.IsLinkLocalUnicast() {
		return nil, nil //nolint:nilnil // no proxy
	}
	return http.ProxyFromEnvironment(r)
}
