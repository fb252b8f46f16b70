package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/chillin-chat/chillin/internal/chat"
)

// S3Options configure the bucket.
type S3Options struct {
	// Endpoint is host:port.
	Endpoint string
	Secure   bool
	// AccessKey and SecretKey may both be empty: see keys.
	AccessKey string
	SecretKey string
	// Bucket is created at the first use if it is missing and the key has permission.
	Bucket string
	Region string
}

// S3 stores blobs in a bucket, with basic S3 operations only. An unavailable store is detected within 2
// s.
type S3 struct {
	client    *minio.Client
	transport *http.Transport
	bucket    string
	region    string
	// present is true after the bucket has been found.
	present atomic.Bool
}

// NewS3 returns the blobs in a bucket. It does not contact the store, which may be down while a node
// starts: see Ready.
func NewS3(o S3Options) (*S3, error) {
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: time.Second}).DialContext,
		TLSHandshakeTimeout: time.Second,
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     time.Minute,
		// Compressed blobs must be returned unchanged.
		DisableCompression: true,
	}
	client, err := minio.New(o.Endpoint, &minio.Options{
		Creds:     o.keys(),
		Secure:    o.Secure,
		Region:    o.Region,
		Transport: transport,
		// Do not retry: the client of the chat does.
		MaxRetries: 1,
	})
	if err != nil {
		return nil, fmt.Errorf("make S3 client: %w", err)
	}
	return &S3{client: client, transport: transport, bucket: o.Bucket, region: o.Region}, nil
}

// Close closes idle connections.
func (s *S3) Close() { s.transport.CloseIdleConnections() }

// Put implements chat.Blobs. A store without conditional writes (If-None-Match) replaces an existing
// key. Keys are random, so this does not happen.
func (s *S3) Put(ctx context.Context, key string, r io.Reader, size int64, contentType string) error {
	if !ValidKey(key) {
		return fmt.Errorf("put blob %q: %w", key, errKey)
	}
	body := &exactReader{r: r, left: size}
	if size == 0 {
		body.err = body.atEnd()
	}
	if body.err != nil {
		return fmt.Errorf("put blob %q: %w", key, body.err)
	}
	err := s.put(ctx, key, body, size, contentType)
	switch {
	case err == nil:
		return nil
	case body.err != nil:
		return fmt.Errorf("put blob %q: %w", key, body.err)
	case code(err) == http.StatusPreconditionFailed, code(err) == http.StatusConflict:
		return fmt.Errorf("put blob %q: %w", key, fs.ErrExist)
	}
	return fmt.Errorf("put blob %q: %w", key, err)
}

func (s *S3) put(ctx context.Context, key string, body *exactReader, size int64, contentType string) error {
	if err := s.ensureBucket(ctx); err != nil {
		return err
	}
	ctx, w := withIdleTimer(ctx)
	defer w.stop()
	// One request for any size: the condition applies to one request, which succeeds or fails as a
	// whole.
	opts := minio.PutObjectOptions{ContentType: contentType, DisableMultipart: true}
	opts.SetMatchETagExcept("*")
	_, err := s.client.PutObject(ctx, s.bucket, key, upload{body, w}, size, opts)
	if minio.ToErrorResponse(err).Code == minio.NoSuchBucket {
		// The bucket was removed: the next attempt creates it again.
		s.present.Store(false)
		return chat.ErrUnavailable(err)
	}
	return mapError(ctx, err)
}

// Get implements chat.Blobs.
func (s *S3) Get(ctx context.Context, key string) (chat.Blob, error) {
	if !ValidKey(key) {
		return chat.Blob{}, chat.ErrNotFound()
	}
	ctx, w := withIdleTimer(ctx)
	object, err := s.client.GetObject(ctx, s.bucket, key, minio.GetObjectOptions{})
	if err != nil {
		w.stop()
		return chat.Blob{}, fmt.Errorf("get blob %q: %w", key, mapError(ctx, err))
	}
	info, err := object.Stat()
	if err != nil {
		err = mapError(ctx, err)
		object.Close()
		w.stop()
		if code(err) == http.StatusNotFound {
			return chat.Blob{}, chat.ErrNotFound()
		}
		return chat.Blob{}, fmt.Errorf("get blob %q: %w", key, err)
	}
	return chat.Blob{
		Body:        newDownload(ctx, w, object),
		Size:        info.Size,
		ContentType: info.ContentType,
		ModTime:     info.LastModified,
	}, nil
}

// Delete implements chat.Blobs.
func (s *S3) Delete(ctx context.Context, key string) error {
	if !ValidKey(key) {
		return nil
	}
	ctx, w := withIdleTimer(ctx)
	defer w.stop()
	err := s.client.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{})
	if err != nil && code(err) != http.StatusNotFound {
		return fmt.Errorf("delete blob %q: %w", key, mapError(ctx, err))
	}
	return nil
}

// Ready implements chat.Blobs: the store answers, accepts the key, and has the bucket.
func (s *S3) Ready(ctx context.Context) error {
	s.present.Store(false)
	if err := s.ensureBucket(ctx); err != nil {
		return fmt.Errorf("find bucket: %w", err)
	}
	return nil
}

// Present reports whether the bucket exists. It does not create it. An error is that of a GET request
// if possible: the response to HEAD does not contain the error code of the store.
func (s *S3) Present(ctx context.Context) (bool, error) {
	ctx, w := withIdleTimer(ctx)
	defer w.stop()
	exists, err := s.client.BucketExists(ctx, s.bucket)
	if status := code(err); status >= http.StatusMultipleChoices && status < http.StatusInternalServerError {
		listing, end := context.WithCancel(ctx)
		defer end()
		if object := <-s.client.ListObjects(listing, s.bucket, minio.ListObjectsOptions{MaxKeys: 1}); object.Err != nil {
			err = object.Err
		}
	}
	return exists, mapError(ctx, err)
}

// ensureBucket creates the bucket if it is missing. It checks until the bucket has been found once.
func (s *S3) ensureBucket(ctx context.Context) error {
	if s.present.Load() {
		return nil
	}
	ctx, w := withIdleTimer(ctx)
	defer w.stop()
	exists, err := s.client.BucketExists(ctx, s.bucket)
	if err == nil && !exists {
		err = s.client.MakeBucket(ctx, s.bucket, minio.MakeBucketOptions{Region: s.region})
		if code(err) == http.StatusConflict {
			err = nil // another node was faster
		}
	}
	if err != nil {
		return mapError(ctx, err)
	}
	s.present.Store(true)
	return nil
}

// code returns the HTTP status of the store's response, or 0 if there is none.
func code(err error) int {
	var res minio.ErrorResponse
	if !errors.As(err, &res) {
		return 0
	}
	return res.StatusCode
}

// mapError returns UNAVAILABLE if the store does not answer, is broken or refuses: because the
// credentials were revoked, the bucket is read-only or its quota is used up. Only answers
// about the object itself stay as they are, and errors of the caller's own context.
func mapError(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(context.Cause(ctx), errIdle) {
		return chat.ErrUnavailable(errIdle)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	switch code(err) {
	case http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable:
		return err
	}
	return chat.ErrUnavailable(err)
}
