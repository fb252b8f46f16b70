package service

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// checkAttachments returns BAD_REQUEST for more than MaxAttachments ids, and for invalid or
// duplicate ones.
func checkAttachments(ids []chat.AttachmentID) error {
	if len(ids) > chat.MaxAttachments {
		return chat.Errorf(chat.BadRequest, "A message can have at most %d attachments.", chat.MaxAttachments).WithField("attachmentIds")
	}
	for i, id := range ids {
		if id <= 0 || slices.Contains(ids[:i], id) {
			return chat.Errorf(chat.BadRequest, "A file can be attached only once.").WithField("attachmentIds")
		}
	}
	return nil
}

// Upload stores a file. The caller must send it with a message within unusedLifetime.
func (s *Service) Upload(ctx context.Context, caller chat.Caller, u chat.Upload) (chat.MessageAttachment, error) {
	clean, err := s.Media.Clean(ctx, u.Body)
	if err != nil {
		return chat.MessageAttachment{}, err
	}
	name := newBlobName()
	a := chat.NewAttachment{
		Owner: caller.User.ID, Name: cleanFileName(u.Name), Size: clean.Size, ContentType: clean.ContentType, BlobKey: "files/" + name,
	}
	thumbnail, err := s.inspect(ctx, clean.Body, &a)
	if err != nil {
		return chat.MessageAttachment{}, err
	}
	if thumbnail.Picture != nil {
		a.ThumbKey, a.ThumbSize = "thumbnails/"+name, int64(len(thumbnail.Picture))
	}
	if err := s.checkQuota(ctx, caller.User, a.Size+a.ThumbSize); err != nil {
		return chat.MessageAttachment{}, err
	}
	// If anything fails after this, the garbage collector deletes the blobs.
	if err := s.Attachments.ScheduleBlobDeletion(ctx, a.BlobKeys(), uploadGrace); err != nil {
		return chat.MessageAttachment{}, err
	}
	if err := s.putFile(ctx, a, clean.Body, thumbnail); err != nil {
		return chat.MessageAttachment{}, err
	}
	file, err := s.Attachments.AddAttachment(ctx, a, chat.MaxUnused, s.quotaOf(caller.User))
	if code := chat.CodeOf(err); err != nil && (code == chat.Forbidden || code == chat.QuotaExceeded) {
		// Blobs of a refused upload are deleted now. If they stayed for uploadGrace, they would
		// be a way around the quota.
		err = errors.Join(err, s.Attachments.ScheduleBlobDeletion(ctx, a.BlobKeys(), 0))
		s.GarbageCollector.Wake()
	}
	return file, err
}

// inspect makes the thumbnail of a picture and sets its size. A picture that cannot be shown is
// treated as a plain file.
func (s *Service) inspect(ctx context.Context, body io.ReadSeeker, a *chat.NewAttachment) (chat.Thumbnail, error) {
	if !slices.Contains(chat.PictureTypes, a.ContentType) {
		return chat.Thumbnail{}, nil
	}
	thumbnail, err := s.Pictures.Thumbnail(ctx, body)
	if code := chat.CodeOf(err); err != nil && (code == chat.UnsupportedMedia || code == chat.TooLarge) {
		a.ContentType = chat.PlainFile
		return chat.Thumbnail{}, nil
	}
	a.Width, a.Height = thumbnail.Width, thumbnail.Height
	return thumbnail, err
}

func (s *Service) putFile(ctx context.Context, a chat.NewAttachment, body io.ReadSeeker, t chat.Thumbnail) error {
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read upload: %w", err)
	}
	if err := s.Blobs.Put(ctx, a.BlobKey, body, a.Size, a.ContentType); err != nil || t.Picture == nil {
		return timeoutUnavailable(err)
	}
	return timeoutUnavailable(s.Blobs.Put(ctx, a.ThumbKey, bytes.NewReader(t.Picture), int64(len(t.Picture)), t.ContentType))
}

// RemoveUpload removes an upload of the caller that is not in a message.
func (s *Service) RemoveUpload(ctx context.Context, caller chat.Caller, id chat.AttachmentID) error {
	defer s.GarbageCollector.Wake()
	return s.Attachments.RemoveAttachment(ctx, id, caller.User.ID)
}

// File is an attachment or its thumbnail, as it is sent to a client.
type File struct {
	Name string
	// ContentType is application/octet-stream if browsers should not show the file.
	ContentType string
	Shown       bool // whether browsers may show the file; otherwise they save it
	Tag         string
	key         string
}

// File returns a file that the caller may read.
func (s *Service) File(ctx context.Context, caller chat.Caller, id chat.AttachmentID) (File, error) {
	stored, err := s.Attachments.File(ctx, id, caller.User.ID)
	if err != nil {
		return File{}, err
	}
	f := File{Name: stored.Name, ContentType: chat.PlainFile, Tag: tag(stored.BlobKey), key: stored.BlobKey}
	if slices.Contains(chat.PictureTypes, stored.ContentType) || slices.Contains(chat.PlayableTypes, stored.ContentType) {
		f.ContentType, f.Shown = stored.ContentType, true
	}
	return f, nil
}

// ThumbnailOf returns the thumbnail of a file that the caller may read. It returns NOT_FOUND
// if the file has none.
func (s *Service) ThumbnailOf(ctx context.Context, caller chat.Caller, id chat.AttachmentID) (File, error) {
	stored, err := s.Attachments.File(ctx, id, caller.User.ID)
	switch {
	case err != nil:
		return File{}, err
	case stored.ThumbKey == "":
		return File{}, chat.ErrNotFound()
	}
	return File{Name: stored.Name, Shown: true, Tag: tag(stored.ThumbKey), key: stored.ThumbKey}, nil
}

// tag returns an ETag. The bytes of a blob never change.
func tag(key string) string { return `"` + key[strings.LastIndexByte(key, '/')+1:] + `"` }

// Open opens the bytes of a file. The caller closes them.
func (s *Service) Open(ctx context.Context, f File) (chat.Blob, error) {
	blob, err := s.Blobs.Get(ctx, f.key)
	if f.ContentType != "" {
		blob.ContentType = f.ContentType
	}
	return blob, timeoutUnavailable(err)
}

// LinkTo returns a link to a file that the caller may read.
func (s *Service) LinkTo(ctx context.Context, caller chat.Caller, id chat.AttachmentID) (chat.FileLink, error) {
	stored, err := s.Attachments.File(ctx, id, caller.User.ID)
	if err != nil {
		return chat.FileLink{}, err
	}
	link := chat.FileLink{ExpiresAt: chat.At(s.Links.Now().Add(linkLifetime))}
	query := "?" + s.Links.Query(id, caller.Session, link.ExpiresAt)
	link.URL = stored.URL + query
	if stored.ThumbnailURL != "" {
		link.ThumbnailURL = stored.ThumbnailURL + query
	}
	return link, nil
}

// LinkedCaller returns the caller for whom the link with the query q was made. It returns
// UNAUTHENTICATED if the link is forged or has expired, or if the session has ended.
func (s *Service) LinkedCaller(ctx context.Context, id chat.AttachmentID, q url.Values) (chat.Caller, error) {
	if session, ok := s.Links.Session(id, q); ok {
		caller, err := s.Accounts.CallerBySession(ctx, session)
		if err == nil || chat.CodeOf(err) != chat.NotFound {
			return caller, err
		}
	}
	return chat.Caller{}, chat.Errorf(chat.Unauthenticated, "This link has expired. Request a new one.")
}

// linkLifetime is how long a link is valid. Each use also checks that its session is active
// and that its user may read the file.
const linkLifetime = 5 * time.Minute

// Links signs the URLs of files, so that they work without a token: a page cannot send one
// with the request for a picture. A link is valid for one file, and belongs to the session
// that requested it.
type Links struct {
	Secret []byte // the same on every node
	Now    func() time.Time
}

// Query returns the query that makes the URL of a file a link.
func (l Links) Query(file chat.AttachmentID, session chat.SessionID, expires chat.Time) string {
	return url.Values{
		"session": {strconv.FormatInt(int64(session), 10)}, "expires": {strconv.FormatInt(int64(expires), 10)},
		"signature": {base64.RawURLEncoding.EncodeToString(l.sign(file, session, expires))},
	}.Encode()
}

// Session returns the session for which the query q of the URL of file was signed, and false
// if it is forged or has expired.
func (l Links) Session(file chat.AttachmentID, q url.Values) (chat.SessionID, bool) {
	session, err := strconv.ParseInt(q.Get("session"), 10, 64)
	if err != nil {
		return 0, false
	}
	expires, err := strconv.ParseInt(q.Get("expires"), 10, 64)
	if err != nil || chat.Time(expires) < chat.At(l.Now()) {
		return 0, false
	}
	signature, err := base64.RawURLEncoding.DecodeString(q.Get("signature"))
	return chat.SessionID(session), err == nil && hmac.Equal(signature, l.sign(file, chat.SessionID(session), chat.Time(expires)))
}

func (l Links) sign(file chat.AttachmentID, session chat.SessionID, expires chat.Time) []byte {
	mac := hmac.New(sha256.New, l.Secret)
	fmt.Fprintf(mac, "file %d for session %d until %d", file, session, expires)
	return mac.Sum(nil)
}
