package app_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

// wantUpload uploads size bytes and fails unless the response has the code; "" means 201.
func (p *testUser) wantUpload(size int, want chat.Code) chat.MessageAttachment {
	p.t.Helper()
	answer, body := p.upload(http.MethodPost, "/uploads", "file", "x", make([]byte, size))
	var out struct {
		Attachment chat.MessageAttachment
		Code       chat.Code
	}
	err := json.Unmarshal(body, &out)
	status := map[chat.Code]int{"": http.StatusCreated, chat.QuotaExceeded: http.StatusRequestEntityTooLarge}[want]
	if err != nil || out.Code != want || answer.StatusCode != status {
		p.t.Fatalf("%d bytes = %d %s, want %d %s", size, answer.StatusCode, body, status, want)
	}
	return out.Attachment
}

func TestQuotas(t *testing.T) {
	t.Parallel()
	for _, kind := range deployments {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			d := kind.open(t, map[string]string{"UPLOAD_QUOTA": "2", "GUEST_UPLOAD_QUOTA": "1"})
			admin, alice, elsewhere := d.user("admin", 0), d.user("alice", 0), newClient(d.nodes[len(d.nodes)-1])
			room := alice.room("Lobby", nil)
			if err := elsewhere.Login(ctx(t), "alice", "correct horse"); err != nil {
				t.Fatal(err)
			}
			alice2 := &testUser{Client: elsewhere, t: t}

			file := alice.wantUpload(3<<19, "")
			alice2.wantUpload(1<<20, chat.QuotaExceeded)
			if err := alice.Client.Do(ctx(t), http.MethodDelete, path("/uploads/%d", file.ID), nil, nil); err != nil {
				t.Fatal(err)
			}
			alice2.wantUpload(1<<20, chat.QuotaExceeded)
			before := allowance(alice2)
			alice2.avatar(aPNG(t))
			if after := allowance(alice); before.BytesToday != 3<<19 || after.BytesToday <= before.BytesToday || after.BytesPerDay != 2<<20 {
				t.Errorf("allowance = %+v, then %+v", before, after)
			}
			alice.wantUpload(400<<10, "")
			alice.wantUpload(200<<10, chat.QuotaExceeded)
			alice.send(room.ID, "text still works")

			guest := &testUser{Client: newClient(d.nodes[0]), t: t}
			if err := guest.Guest(ctx(t), "Gast"); err != nil {
				t.Fatal(err)
			}
			guest.wantUpload(1<<20+1, chat.QuotaExceeded)
			guest.wantUpload(1<<20, "")
			if answer, body := guest.upload(http.MethodPut, "/users/me/avatar", "file", "x", aPNG(t)); answer.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(string(body), "QUOTA_EXCEEDED") {
				t.Errorf("avatar above the quota = %d %s", answer.StatusCode, body)
			}

			var view chat.LimitsView
			if err := admin.Client.Do(ctx(t), http.MethodPatch, "/admin/limits", map[string]int{"uploadBytesPerDay": 5 << 20, "storageBytes": 4 << 20}, &view); err != nil || view.Defaults.UploadBytesPerDay != 2<<20 {
				t.Fatalf("limits = %+v, %v", view, err)
			}
			alice.wantUpload(1<<20, "")
			alice.wantUpload(2<<20, chat.QuotaExceeded) // the server's quota
		})
	}
}

func allowance(p *testUser) (a chat.UploadAllowance) {
	p.t.Helper()
	if err := json.Unmarshal(p.wantStatus("/api/v1/uploads/allowance", http.StatusOK), &a); err != nil {
		p.t.Fatal(err)
	}
	return a
}

// Refused uploads store nothing: files kept for an hour would be a way around the quota.
func TestRefusedUploadsLeaveNoBlobs(t *testing.T) {
	dir := t.TempDir()
	d := &deployment{t, []string{startNode(t, map[string]string{"DATA_DIR": dir, "UPLOAD_QUOTA": "2"}, nil).base}}
	alice := d.user("alice", 0)
	alice.wantUpload(3<<19, "")
	for range 5 {
		alice.wantUpload(1<<20, chat.QuotaExceeded)
	}
	if n := blobs(t, dir); n != 1 {
		t.Errorf("%d blobs, want the kept one", n)
	}
}
