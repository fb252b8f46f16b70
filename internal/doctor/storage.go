package doctor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/chillin-chat/chillin/internal/blob"
	"github.com/chillin-chat/chillin/internal/config"
)

func storage(ctx context.Context, c config.Config) []Finding {
	if c.Storage.Kind != config.S3 {
		return nil // see folder
	}
	s3, err := blob.NewS3(blob.S3Options{
		Endpoint: c.Storage.Endpoint, Secure: c.Storage.Secure, AccessKey: c.Storage.AccessKey,
		SecretKey: c.Storage.SecretKey.Reveal(), Bucket: c.Storage.Bucket, Region: c.Storage.Region,
	})
	if err != nil {
		return []Finding{wrong("S3", hidden(c, err))}
	}
	defer s3.Close()
	began := time.Now()
	there, err := s3.Present(ctx)
	if err == nil && there {
		err = tryStorage(ctx, s3)
	}
	if err != nil {
		err = fmt.Errorf("%s (%s)", StorageCause(c.Storage, err), hidden(c, err))
	}
	return []Finding{gradeStorage(c.Storage, there, err, time.Since(began))}
}

// tryStorage writes an object, reads it and removes it.
func tryStorage(ctx context.Context, s3 *blob.S3) (err error) {
	const text = "chillin doctor was here"
	key := "doctor/" + strings.ToLower(rand.Text())
	if err := s3.Put(ctx, key, strings.NewReader(text), int64(len(text)), "text/plain"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s3.Delete(ctx, key)) }()
	object, err := s3.Get(ctx, key)
	if err != nil {
		return err
	}
	defer object.Body.Close()
	got, err := io.ReadAll(object.Body)
	if err == nil && string(got) != text {
		return errors.New("the object was read with other content than was written")
	}
	return err
}

func gradeStorage(s config.Storage, there bool, err error, took time.Duration) Finding {
	const about = "S3"
	switch {
	case err != nil:
		return wrong(about, fmt.Sprintf("bucket %s at %s cannot be used. %v", s.Bucket, s.Endpoint, err))
	case !there:
		return warning(about, fmt.Sprintf("there is no bucket %s at %s yet: it is created at the first start, if the key has permission; otherwise create it", s.Bucket, s.Endpoint))
	}
	return ok(about, fmt.Sprintf("bucket %s at %s: an object written, read and removed in %v", s.Bucket, s.Endpoint, took.Round(time.Millisecond)))
}
