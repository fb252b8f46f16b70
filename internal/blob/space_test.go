package blob

import (
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestSpaceKeepsSomeFree(t *testing.T) {
	free := map[string]int64{"data": 300, "tmp": 1000}
	s := NewSpace(100, "data", "tmp", "unknown")
	s.measure = func(folder string) (int64, int64, bool) { return free[folder], 10_000, free[folder] > 0 }
	release, err := s.Reserve(200)
	if err != nil {
		t.Fatalf("upload that fits: %v", err)
	}
	if _, err := s.Reserve(1); chat.CodeOf(err) != chat.Unavailable || err == nil {
		t.Errorf("with another reservation: %v, want UNAVAILABLE", err)
	}
	release()
	release()
	if _, err := s.Reserve(201); err == nil {
		t.Error("release was counted twice")
	}
	free["tmp"] = 99
	if _, err := s.Reserve(0); err == nil {
		t.Error("a full temporary folder is not detected")
	}
	s.measure = func(string) (int64, int64, bool) { return 60, 500, true }
	if _, err := s.Reserve(10); err != nil {
		t.Errorf("a tenth of a small disk is kept free, but: %v", err)
	}
}

func TestSpaceMeasuresTheDisk(t *testing.T) {
	free, all, ok := measureDisk(t.TempDir())
	if ok && (free <= 0 || free > all) {
		t.Errorf("%d of %d bytes are free", free, all)
	}
}
