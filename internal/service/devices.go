package service

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
)

// DeviceSigner signs device tokens. A device token shows that users have signed in on a device before.
// It is no credential: failed sign-ins from elsewhere do not keep such a device out, and that is all.
type DeviceSigner struct {
	Secret []byte // the same on every node
}

const (
	maxDeviceUsers = 5    // the users of one device that are remembered
	maxDeviceToken = 1024 // bytes
	deviceIDBytes  = 16
)

// knownDevice is the content of a valid device token.
type knownDevice struct {
	id    string
	users []chat.UserID // the latest first
}

// read returns the content of a token, which is empty if the token is missing or forged.
func (d DeviceSigner) read(token string) knownDevice {
	if len(token) > maxDeviceToken {
		return knownDevice{}
	}
	fields := strings.Split(token, ".")
	known := knownDevice{id: fields[0]}
	if len(known.id) != base64.RawURLEncoding.EncodedLen(deviceIDBytes) {
		return knownDevice{}
	}
	for _, field := range fields[1:] {
		user, signature, _ := strings.Cut(field, "-")
		id, err := strconv.ParseInt(user, 10, 64)
		if err != nil || !hmac.Equal([]byte(signature), []byte(d.sign(known.id, chat.UserID(id)))) {
			return knownDevice{}
		}
		known.users = append(known.users, chat.UserID(id))
	}
	if len(known.users) == 0 {
		return knownDevice{}
	}
	return known
}

// add returns the token of a device on which user has signed in as well.
func (d DeviceSigner) add(token string, user chat.UserID) string {
	known := d.read(token)
	if known.id == "" {
		id := make([]byte, deviceIDBytes)
		_, _ = rand.Read(id) // never fails
		known.id = base64.RawURLEncoding.EncodeToString(id)
	}
	users := slices.DeleteFunc(known.users, func(other chat.UserID) bool { return other == user })
	users = append([]chat.UserID{user}, users...)
	fields := []string{known.id}
	for _, one := range users[:min(len(users), maxDeviceUsers)] {
		fields = append(fields, fmt.Sprintf("%d-%s", one, d.sign(known.id, one)))
	}
	return strings.Join(fields, ".")
}

func (d DeviceSigner) sign(id string, user chat.UserID) string {
	mac := hmac.New(sha256.New, d.Secret)
	fmt.Fprintf(mac, "device %s of user %d", id, user)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}
