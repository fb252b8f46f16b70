package media

import (
	"slices"
	"strings"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestDetect(t *testing.T) {
	frames := strings.Repeat("\xff\xfb\x90\x64"+strings.Repeat("\x00", 413), 3) // MPEG 1, layer III, 128 kbit/s, 44.1 kHz
	ogg := func(codec string) string {
		return "OggS\x00\x02" + strings.Repeat("\x00", 20) + "\x01\x1e" + codec + strings.Repeat("\x00", 60)
	}
	matroska := func(kind string) string { return "\x1a\x45\xdf\xa3\x9f\x42\x82" + kind }
	for name, c := range map[string]struct{ data, want string }{
		"MP3":                {frames, "audio/mpeg"},
		"MP3 with a tag":     {"ID3\x04\x00\x00\x00\x00\x00\x0a" + strings.Repeat("\x00", 10) + frames, "audio/mpeg"},
		"MP3 of MPEG 2":      {"\xff\xf3\x84\x64" + strings.Repeat("\x00", 400), "audio/mpeg"},
		"MP3 with a CRC":     {"\xff\xfa\x90\x64" + strings.Repeat("\x00", 400), "audio/mpeg"},
		"MP3 after zeros":    {strings.Repeat("\x00", 50) + frames, "audio/mpeg"},
		"MP4 avc1":           {string(phoneMP4("avc1", true)), "video/mp4"},
		"MP4 iso5":           {string(phoneMP4("iso5", true)), "video/mp4"},
		"MP4 dash":           {string(phoneMP4("dash", true)), "video/mp4"},
		"MP4 mp42":           {string(phoneMP4("mp42", true)), "video/mp4"},
		"MP4 of a new brand": {string(phoneMP4("abcd", true)), "video/mp4"},
		"M4V":                {string(phoneMP4("M4V ", true)), "video/mp4"},
		"M4A":                {string(phoneMP4("M4A ", false)), "audio/mp4"},
		"M4B":                {string(phoneMP4("M4B ", false)), "audio/mp4"},
		"MP4 without film":   {string(phoneMP4("isom", false)), "audio/mp4"},
		"3GP":                {string(phoneMP4("3gp4", true)), "video/3gpp"},
		"QuickTime":          {string(phoneMP4("qt  ", true)), "video/quicktime"},
		"old QuickTime":      {mp4Box("moov", mp4Box("mvhd")) + strings.Repeat("\x00", 99), "video/quicktime"},
		"WAV":                {"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00", "audio/wav"},
		"FLAC":               {"fLaC\x00\x00\x00\x22" + strings.Repeat("\x00", 40), "audio/flac"},
		"Opus":               {ogg("OpusHead"), "audio/ogg"},
		"Vorbis":             {ogg("\x01vorbis"), "audio/ogg"},
		"Theora":             {ogg("\x80theora"), "video/ogg"},
		"AAC":                {"\xff\xf1\x50\x80" + strings.Repeat("\x00", 40), "audio/aac"},
		"AIFF":               {"FORM\x00\x00\x00\x24AIFFCOMM\x00\x00\x00\x12", "audio/aiff"},
		"WebM":               {matroska("\x84webm"), "video/webm"},
		"Matroska":           {matroska("\x88matroska"), "video/matroska"},
		"SVG":                {`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`, "text/xml"},
		"HTML":               {"<!DOCTYPE html><script>alert(1)</script>", "text/html"},
		"PDF":                {"%PDF-1.7 x", "application/pdf"},
		"text":               {"just text", "text/plain"},
		"nothing":            {"", chat.PlainFile},
		"unknown":            {"\x00\x01\x02\x03\x04", chat.PlainFile},
	} {
		got, _, err := clean(t, []byte(c.data))
		if err != nil || got != c.want {
			t.Errorf("%s = %q, %v, want %q", name, got, err, c.want)
		}
	}
}

// What a browser shows must not be able to run scripts.
func TestShownTypesAreHarmless(t *testing.T) {
	for _, one := range slices.Concat(chat.PictureTypes, chat.PlayableTypes) {
		kind, sub, _ := strings.Cut(one, "/")
		if kind != "audio" && kind != "video" && kind != "image" && one != "application/ogg" || strings.Contains(sub, "xml") {
			t.Errorf("%s is shown", one)
		}
	}
}
