package blob_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// withoutKeys hides the keys of this machine, and returns a store that needs some.
func withoutKeys(t *testing.T) (at testenv.Store, access, secret string) {
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_ACCESS_KEY", "")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	at = testenv.S3(t)
	access, secret, at.AccessKey, at.SecretKey = at.AccessKey, at.SecretKey, "", ""
	return at, access, secret
}

func TestS3TakesTheKeysFromTheEnvironment(t *testing.T) {
	at, access, secret := withoutKeys(t)
	t.Setenv("AWS_ACCESS_KEY_ID", access)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	put(t, openS3(t, at), "k", []byte("x"), "text/plain")
}

func TestS3TakesTheKeysFromTheFileOfAWS(t *testing.T) {
	at, access, secret := withoutKeys(t)
	file := filepath.Join(t.TempDir(), "credentials")
	text := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", access, secret)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	put(t, openS3(t, at), "k", []byte("x"), "text/plain")
}

func TestS3TakesTheKeysOfARoleAndRenewsThem(t *testing.T) {
	at, access, secret := withoutKeys(t)
	var asked atomic.Int32
	var away atomic.Bool
	role := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if away.Load() {
			http.Error(w, "away", http.StatusInternalServerError)
			return
		}
		asked.Add(1)
		// Already expired: they are asked for again at each request.
		fmt.Fprintf(w, `{"AccessKeyId":%q,"SecretAccessKey":%q,"Expiration":%q}`, access, secret, time.Now().UTC().Format(time.RFC3339))
	}))
	t.Cleanup(role.Close)
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", role.URL)
	s := openS3(t, at)
	put(t, s, "before", []byte("x"), "text/plain")
	before := asked.Load()
	put(t, s, "after", []byte("x"), "text/plain")
	if before == 0 || asked.Load() == before {
		t.Errorf("the role was asked %d times, then %d times", before, asked.Load())
	}
	away.Store(true)
	if err := s.Ready(t.Context()); err == nil {
		t.Error("ready without keys: no error")
	}
	away.Store(false)
	put(t, s, "again", []byte("x"), "text/plain")
}
