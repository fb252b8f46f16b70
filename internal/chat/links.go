package chat

// FileLink are addresses that work without signing in.
type FileLink struct {
	URL          string `json:"url"`
	ThumbnailURL string `json:"thumbnailUrl,omitempty"`
	ExpiresAt    Time   `json:"expiresAt" format:"date-time"`
}
