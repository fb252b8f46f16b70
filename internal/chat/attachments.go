package chat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// checkAttachments refuses what no message can carry.
func checkAttachments(ids []AttachmentID) error {
	if len(ids) > MaxAttachments {
		return Fault(BadRequest, "A message carries at most %d files.", MaxAttachments).In("attachmentIds")
	}
	for i, id := range ids {
		if id <= 0 || slices.Contains(ids[:i], id) {
			return Fault(BadRequest, "A message carries each file once.").In("attachmentIds")
		}
	}
	return nil
}

// ErrTooManyUnused tells whoever uploads and does not send to send.
func ErrTooManyUnused() *Error {
	return Fault(Forbidden, "You have %d files that no message carries: send or remove some first.", MaxUnused).In("file")
}

// Upload keeps a file that caller may send with a message within a day.
func (s *Service) Upload(ctx context.Context, caller Caller, u Upload) (MessageAttachment, error) {
	name := newBlobName()
	a := NewAttachment{Owner: caller.User.ID, Name: cleanFileName(u.Name), Size: u.Size, BlobKey: "files/" + name}
	thumbnail, err := s.look(ctx, u.Body, &a)
	if err != nil {
		return MessageAttachment{}, err
	}
	if thumbnail.Picture != nil {
		a.ThumbKey, a.ThumbSize = "thumbnails/"+name, int64(len(thumbnail.Picture))
	}
	if err := s.checkQuota(ctx, caller.User, a.Size+a.ThumbSize); err != nil {
		return MessageAttachment{}, err
	}
	// Whatever happens from here on, no blob is left behind.
	if err := s.Attachments.DoomBlobs(ctx, a.keys(), uploadGrace); err != nil {
		return MessageAttachment{}, err
	}
	if err := s.putFile(ctx, a, u.Body, thumbnail); err != nil {
		return MessageAttachment{}, err
	}
	file, err := s.Attachments.AddAttachment(ctx, a, MaxUnused, s.quotaOf(caller.User))
	if code := CodeOf(err); err != nil && (code == Forbidden || code == QuotaExceeded) {
		// Refused blobs are deleted now: those that wait for an hour are a way around the quota.
		err = errors.Join(err, s.Attachments.DoomBlobs(ctx, a.keys(), 0))
		s.Sweeper.Wake()
	}
	return file, err
}

// look finds out what a file is, by its content alone. A picture that cannot be
// shown is a plain file.
func (s *Service) look(ctx context.Context, body io.ReadSeeker, a *NewAttachment) (Thumbnail, error) {
	contentType, err := detect(body)
	if err != nil {
		return Thumbnail{}, err
	}
	a.ContentType = contentType
	if !pictures[contentType] {
		return Thumbnail{}, nil
	}
	thumbnail, err := s.Pictures.Thumbnail(ctx, body)
	if code := CodeOf(err); err != nil && (code == UnsupportedMedia || code == TooLarge) {
		a.ContentType = plainFile
		return Thumbnail{}, nil
	}
	a.Width, a.Height = thumbnail.Width, thumbnail.Height
	return thumbnail, err
}

const plainFile = "application/octet-stream"

// pictures are what has a thumbnail; shown is what browsers may show besides. What
// is in neither is only ever saved: it may hold a script.
var (
	pictures = map[string]bool{"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true}
	shown    = map[string]bool{"video/mp4": true, "video/webm": true, "application/ogg": true, "audio/mpeg": true}
)

// detect tells a content type without parameters by the first bytes.
func detect(body io.ReadSeeker) (string, error) {
	head := make([]byte, 512) // what DetectContentType looks at
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("read upload: %w", err)
	}
	n, err := io.ReadFull(body, head)
	switch {
	case errors.Is(err, io.EOF):
		return plainFile, nil // empty
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return "", fmt.Errorf("read upload: %w", err)
	}
	contentType, _, _ := strings.Cut(http.DetectContentType(head[:n]), ";")
	return contentType, nil
}

func (s *Service) putFile(ctx context.Context, a NewAttachment, body io.ReadSeeker, t Thumbnail) error {
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read upload: %w", err)
	}
	if err := s.Blobs.Put(ctx, a.BlobKey, body, a.Size, a.ContentType); err != nil || t.Picture == nil {
		return patiently(err)
	}
	return patiently(s.Blobs.Put(ctx, a.ThumbKey, bytes.NewReader(t.Picture), int64(len(t.Picture)), t.ContentType))
}

// RemoveUpload removes a file of caller's that no message carries.
func (s *Service) RemoveUpload(ctx context.Context, caller Caller, id AttachmentID) error {
	defer s.Sweeper.Wake()
	return s.Attachments.RemoveAttachment(ctx, id, caller.User.ID)
}

// File is an attachment, or its thumbnail, as it may be given to a reader.
type File struct {
	Name string
	// ContentType says nothing about what browsers should not show.
	ContentType string
	Shown       bool // whether browsers may show it; else they save it
	Tag         string
	key         string
}

// File returns a file that caller may read.
func (s *Service) File(ctx context.Context, caller Caller, id AttachmentID) (File, error) {
	stored, err := s.Attachments.File(ctx, id, caller.User.ID)
	if err != nil {
		return File{}, err
	}
	f := File{Name: stored.Name, ContentType: plainFile, Tag: tag(stored.BlobKey), key: stored.BlobKey}
	if pictures[stored.ContentType] || shown[stored.ContentType] {
		f.ContentType, f.Shown = stored.ContentType, true
	}
	return f, nil
}

// ThumbnailOf returns the thumbnail of a file that caller may read. NOT_FOUND
// where there is none.
func (s *Service) ThumbnailOf(ctx context.Context, caller Caller, id AttachmentID) (File, error) {
	stored, err := s.Attachments.File(ctx, id, caller.User.ID)
	switch {
	case err != nil:
		return File{}, err
	case stored.ThumbKey == "":
		return File{}, ErrMissing()
	}
	return File{Name: stored.Name, Shown: true, Tag: tag(stored.ThumbKey), key: stored.ThumbKey}, nil
}

// tag names the bytes of a blob, which never change.
func tag(key string) string { return `"` + key[strings.LastIndexByte(key, '/')+1:] + `"` }

// Open opens the bytes of a file. The caller closes them.
func (s *Service) Open(ctx context.Context, f File) (Blob, error) {
	blob, err := s.Blobs.Get(ctx, f.key)
	if f.ContentType != "" {
		blob.ContentType = f.ContentType
	}
	return blob, patiently(err)
}

// LinkTo makes a link to a file that caller may read.
func (s *Service) LinkTo(ctx context.Context, caller Caller, id AttachmentID) (FileLink, error) {
	stored, err := s.Attachments.File(ctx, id, caller.User.ID)
	if err != nil {
		return FileLink{}, err
	}
	link := FileLink{ExpiresAt: At(s.Links.Now().Add(linkLife))}
	query := "?" + s.Links.query(id, caller.Session, link.ExpiresAt)
	link.URL = stored.URL + query
	if stored.ThumbnailURL != "" {
		link.ThumbnailURL = stored.ThumbnailURL + query
	}
	return link, nil
}

// LinkedCaller is for whom the link with query q to a file was made. UNAUTHENTICATED
// where it is forged or over, or the session is.
func (s *Service) LinkedCaller(ctx context.Context, id AttachmentID, q url.Values) (Caller, error) {
	if session, ok := s.Links.Session(id, q); ok {
		caller, err := s.Accounts.CallerBySession(ctx, session)
		if err == nil || CodeOf(err) != NotFound {
			return caller, err
		}
	}
	return Caller{}, Fault(Unauthenticated, "This link is over. Ask for another one.")
}
