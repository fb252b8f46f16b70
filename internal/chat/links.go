package chat

// FileLink contains URLs of a file that work without a token.
type FileLink struct {
	URL          string `json:"url"`
	ThumbnailURL string `json:"thumbnailUrl,omitempty"`
	ExpiresAt    Time   `json:"expiresAt" format:"date-time"`
}
