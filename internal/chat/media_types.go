package chat

// PlainFile is the content type of a file that browsers save.
const PlainFile = "application/octet-stream"

// PictureTypes are the content types that are shown as pictures, if their size is known.
var PictureTypes = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}

// PlayableTypes are the content types of audio and video that browsers may play. None of them can
// run scripts.
var PlayableTypes = []string{
	"audio/mpeg", "audio/mp4", "audio/aac", "audio/wav", "audio/flac", "audio/ogg", "audio/aiff", "application/ogg",
	"video/mp4", "video/webm", "video/ogg", "video/quicktime", "video/3gpp", "video/matroska",
	"audio/wave", // recorded for older uploads
}
