package redisclient

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// authority writes a certificate for localhost and its own authority, and returns the paths.
func authority(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, DNSNames: []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	privateDER, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificate, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: privateDER}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}

// A Redis with a private authority, client certificates and an ACL user.
func TestTLSAndACL(t *testing.T) {
	certificate, key := authority(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	if _, err := testenv.New(t).RedisWith("--tls-port", port, "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate,
		"--user", "chat", "on", ">hunter2", "~chillin:*", "&chillin:*", "+@all", "-@dangerous"); err != nil {
		t.Fatal(err)
	}
	trusted := "?tls_ca_file=" + certificate
	own := trusted + "&tls_cert_file=" + certificate + "&tls_key_file=" + key
	for name, c := range map[string]struct {
		url string
		ok  bool
	}{
		"everything":               {"rediss://chat:hunter2@localhost:" + port + own, true},
		"the name is given":        {"rediss://chat:hunter2@127.0.0.1:" + port + own + "&tls_server_name=localhost", true},
		"another name":             {"rediss://chat:hunter2@127.0.0.1:" + port + own, false},
		"no client certificate":    {"rediss://chat:hunter2@localhost:" + port + trusted, false},
		"an unknown authority":     {"rediss://chat:hunter2@localhost:" + port, false},
		"a wrong password":         {"rediss://chat:hunter3@localhost:" + port + own, false},
		"no TLS where it is asked": {"redis://chat:hunter2@localhost:" + port, false},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := Parse(c.url)
			if err != nil {
				t.Fatal(err)
			}
			client := a.WithoutRetries().Open()
			defer client.Close()
			if err := client.Set(t.Context(), "chillin:x", "1", time.Minute).Err(); (err == nil) != c.ok {
				t.Errorf("err = %v, want success = %t", err, c.ok)
			}
		})
	}
}

// An address of a single server that is a cluster is recognized, and the other way round.
func TestCheck(t *testing.T) {
	single, cluster := testenv.Redis(t), testenv.SharedRedisCluster(t)
	many, err := Parse(cluster)
	if err != nil {
		t.Fatal(err)
	}
	for url, ok := range map[string]bool{
		single: true, cluster: true, testenv.SharedRedisSentinel(t): true,
		"redis://" + many.Hosts()[0]:         false,
		"redis+cluster://" + many.Hosts()[1]: true,
	} {
		a, err := Parse(url)
		if err != nil {
			t.Fatal(err)
		}
		client := a.Open()
		if err := client.Check(t.Context()); (err == nil) != ok {
			t.Errorf("%s: Check = %v, want success = %t", url, err, ok)
		}
		_ = client.Close()
	}
}
