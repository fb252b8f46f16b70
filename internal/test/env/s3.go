package testenv

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Store is the address and the credentials of a test's bucket.
type Store struct {
	// Endpoint is host:port.
	Endpoint  string
	AccessKey string
	SecretKey string
	// Bucket exists and is empty.
	Bucket string
	Region string
	Secure bool
}

// ObjectStore is a running S3 server (versitygw). It verifies signatures.
type ObjectStore struct {
	*Server
}

const (
	objectStoreAccessKey = "chillin-test"
	objectStoreSecretKey = "chillin-test-secret"
	objectStoreRegion    = "us-east-1"
)

// ObjectStore starts an S3 server.
func (e *Env) ObjectStore() (*ObjectStore, error) {
	path, err := built("versitygw", "github.com/versity/versitygw/cmd/versitygw")
	if err != nil {
		return nil, err
	}
	name, dir, err := e.folder("s3")
	if err != nil {
		return nil, err
	}
	data, iam := filepath.Join(dir, "data"), filepath.Join(dir, "iam")
	for _, d := range []string{data, iam} {
		if err := os.Mkdir(d, 0o755); err != nil {
			return nil, fmt.Errorf("make the folders of %s: %w", name, err)
		}
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	s := &ObjectStore{&Server{
		Name: name, Addr: addr, dir: dir, path: path,
		args: []string{"--port", addr, "--health", "/health", "--region", objectStoreRegion, "--quiet", "--iam-dir", iam, "posix", data},
		env:  []string{"ROOT_ACCESS_KEY=" + objectStoreAccessKey, "ROOT_SECRET_KEY=" + objectStoreSecretKey},
		quit: syscall.SIGTERM,
	}}
	s.ready = func(ctx context.Context) error { return answersOK(ctx, "http://"+addr+"/health") }
	return s, e.add(s.Server)
}

// Create creates an empty bucket.
func (s *ObjectStore) Create(ctx context.Context) (Store, error) { return createBucket(ctx, s.at()) }

func (s *ObjectStore) at() Store {
	return Store{Endpoint: s.Addr, AccessKey: objectStoreAccessKey, SecretKey: objectStoreSecretKey, Region: objectStoreRegion}
}

// createBucket creates an empty bucket with a random name in the given store.
func createBucket(ctx context.Context, at Store) (Store, error) {
	at.Bucket = "chillin-test-" + strings.ToLower(rand.Text()[:12])
	client, closeIdle, err := at.client()
	if err != nil {
		return Store{}, err
	}
	defer closeIdle()
	if err := client.MakeBucket(ctx, at.Bucket, minio.MakeBucketOptions{Region: at.Region}); err != nil {
		return Store{}, fmt.Errorf("create a bucket: %w", err)
	}
	return at, nil
}

// dropBucket removes the bucket of at and its content.
func dropBucket(ctx context.Context, at Store) error {
	client, closeIdle, err := at.client()
	if err != nil {
		return err
	}
	defer closeIdle()
	for object := range client.ListObjects(ctx, at.Bucket, minio.ListObjectsOptions{Recursive: true}) {
		if object.Err != nil {
			return fmt.Errorf("empty a bucket: %w", object.Err)
		}
		if err := client.RemoveObject(ctx, at.Bucket, object.Key, minio.RemoveObjectOptions{}); err != nil {
			return fmt.Errorf("empty a bucket: %w", err)
		}
	}
	if err := client.RemoveBucket(ctx, at.Bucket); err != nil {
		return fmt.Errorf("remove a bucket: %w", err)
	}
	return nil
}

// client returns a client. closeIdle ends its idle connections and their goroutines.
func (at Store) client() (client *minio.Client, closeIdle func(), err error) {
	transport := &http.Transport{}
	client, err = minio.New(at.Endpoint, &minio.Options{
		Creds:     credentials.NewStaticV4(at.AccessKey, at.SecretKey, ""),
		Secure:    at.Secure,
		Region:    at.Region,
		Transport: transport,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("make an S3 client: %w", err)
	}
	return client, transport.CloseIdleConnections, nil
}

// answersOK returns nil if a GET of url is answered with 200.
func answersOK(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	// Without keep-alive, no connection is left open.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", url, res.Status)
	}
	return nil
}
