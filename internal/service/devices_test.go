package service

import (
	"slices"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestDeviceTokensRememberTheLatestUsers(t *testing.T) {
	d := DeviceSigner{Secret: []byte("secret")}
	token := ""
	for user := range chat.UserID(maxDeviceUsers + 2) {
		token = d.add(token, user+1)
	}
	token = d.add(token, 5)
	known := d.read(token)
	if want := []chat.UserID{5, 7, 6, 4, 3}; !slices.Equal(known.users, want) || len(token) > maxDeviceToken {
		t.Errorf("users = %v in %d bytes, want %v", known.users, len(token), want)
	}
	if other := (DeviceSigner{Secret: []byte("other")}).read(token); other.id != "" || other.users != nil {
		t.Errorf("with another secret = %+v, want nothing", other)
	}
	if again := d.read(d.add(token, 9)); again.id != known.id {
		t.Errorf("device = %s, then %s, want the same", known.id, again.id)
	}
	for _, forged := range []string{"", ".", "x", token[:22], token[:22] + ".", token + ".", token + ".1-x", "A" + token} {
		if got := d.read(forged); got.id != "" {
			t.Errorf("read(%q) = %+v, want nothing", forged, got)
		}
	}
}
