package redisclient

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
)

// tlsFiles are the options for TLS. go-redis has none of them in its URLs, but a Redis in a private
// network usually has a certificate of a private authority, and requires one of its clients
// (tls-auth-clients is yes by default).
type tlsFiles struct {
	authority, certificate, key, serverName string
}

func takeTLSFiles(query url.Values) tlsFiles {
	take := func(name string) string {
		value := query.Get(name)
		query.Del(name)
		return value
	}
	return tlsFiles{take("tls_ca_file"), take("tls_cert_file"), take("tls_key_file"), take("tls_server_name")}
}

// apply reads the files into c. Without a server name each server must prove the name by which it is
// dialed.
func (f tlsFiles) apply(c *tls.Config) error {
	c.MinVersion = tls.VersionTLS12
	c.ServerName = f.serverName
	if f.authority != "" {
		pem, err := os.ReadFile(f.authority)
		if err != nil {
			return fmt.Errorf("has a tls_ca_file that cannot be read: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return errors.New("has a tls_ca_file without a certificate in PEM format")
		}
	}
	if (f.certificate == "") != (f.key == "") {
		return errors.New("has only one of tls_cert_file and tls_key_file: set both")
	}
	if f.certificate != "" {
		own, err := tls.LoadX509KeyPair(f.certificate, f.key)
		if err != nil {
			return fmt.Errorf("has a tls_cert_file and tls_key_file that cannot be used: %w", err)
		}
		c.Certificates = []tls.Certificate{own}
	}
	return nil
}
