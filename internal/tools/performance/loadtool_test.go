package main

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestPhasesFollowTheProgressLines(t *testing.T) {
	read := 0.0
	var names []string
	w := phaseWatch{
		usage:   func() (Usage, int64, error) { read++; return Usage{read * read, read, 0}, int64(100 * read), nil },
		onPhase: func(name string) error { names = append(names, name); return nil },
	}
	last, err := w.follow(strings.NewReader("connecting 5 clients\nsending 9 messages\nremoving the rooms\n"))
	if err != nil || last != "removing the rooms" {
		t.Fatalf("last line = %q, %v", last, err)
	}
	if want := []string{"connecting", "sending", "removing"}; !slices.Equal(names, want) {
		t.Errorf("phases = %v, want %v", names, want)
	}
	r := Run{Phases: w.phases}
	if p := r.phase("sending"); p.CPU != (Usage{9 - 4, 1, 0}) || p.Resident != 200 || p.Seconds < 0 {
		t.Errorf("sending = %+v, want the usage from the second to the third line", p)
	}
	if p := r.phase("removing"); p.CPU != (Usage{16 - 9, 1, 0}) {
		t.Errorf("removing = %+v, want the usage until the end", p)
	}
}

func TestFailedPhaseEndsTheRun(t *testing.T) {
	want := errors.New("failed")
	w := phaseWatch{
		usage:   func() (Usage, int64, error) { return Usage{}, 0, nil },
		onPhase: func(string) error { return want },
	}
	if _, err := w.follow(strings.NewReader("connecting\nsending\n")); !errors.Is(err, want) {
		t.Errorf("err = %v, want %v", err, want)
	}
}
