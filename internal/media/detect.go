package media

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"github.com/chillin-chat/chillin/internal/chat"
)

// sniffed is how many bytes at the start of a file decide its type.
const sniffed = 3072

// synonyms are our names of types, by the names that mimetype uses. An SVG is a document, not a
// picture: it can contain scripts.
var synonyms = map[string]string{
	"audio/x-m4a": "audio/mp4", "video/x-m4v": "video/mp4", "image/apng": "image/png", "image/svg+xml": "text/xml",
}

// detect returns the content type, without parameters, by the first bytes.
func detect(r io.ReadSeeker) (string, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return "", readError(err)
	}
	head := make([]byte, sniffed)
	n, err := io.ReadFull(r, head)
	switch {
	case errors.Is(err, io.EOF):
		return chat.PlainFile, nil // empty
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return "", readError(err)
	}
	head = head[:n]
	contentType, _, _ := strings.Cut(mimetype.Detect(head).String(), ";")
	if better, ok := synonyms[contentType]; ok {
		contentType = better
	}
	if contentType == "video/mp4" && hasPictureBrand(head) {
		contentType = "image/heif"
	}
	return contentType, nil
}

// pictureBrands are the brands of HEIF files. mimetype knows those that are first only.
var pictureBrands = set("heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "mif2", "msf1", "avif", "avis", "avci", "miaf", "MiHB", "MiHE", "MiPr", "1pic")

// hasPictureBrand reports whether the box ftyp lists a brand of HEIF files.
func hasPictureBrand(head []byte) bool {
	if len(head) < 16 {
		return false
	}
	end := min(int(binary.BigEndian.Uint32(head)), len(head))
	for at := 8; at+4 <= end; at += 4 {
		if at != 12 && pictureBrands[string(head[at:at+4])] { // 12 is a version
			return true
		}
	}
	return false
}
