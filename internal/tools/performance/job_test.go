package main

import (
	"slices"
	"testing"
)

func TestChoose(t *testing.T) {
	names := func(chosen []*job) (names []string) {
		for _, j := range chosen {
			names = append(names, j.row.Name)
		}
		return names
	}
	for name, c := range map[string]struct {
		only []string
		want []string
	}{
		"by name":  {[]string{"D", "B"}, []string{"B", "D"}},
		"by group": {[]string{"workloads", "storm"}, []string{"B", "C", "D", "embedded", "storm"}},
		"none":     {[]string{"none"}, nil},
		"long":     {[]string{"endurance"}, []string{"endurance"}},
	} {
		t.Run(name, func(t *testing.T) {
			chosen, err := choose(jobs(), c.only)
			if got := names(chosen); err != nil || !slices.Equal(got, c.want) {
				t.Errorf("jobs = %v, %v; want %v", got, err, c.want)
			}
		})
	}
	usual, err := choose(jobs(), nil)
	if got := names(usual); err != nil || !slices.Contains(got, "scaling-3-15000") || slices.Contains(got, "endurance") {
		t.Errorf("usual jobs = %v, %v; want all except the long ones", got, err)
	}
	if _, err := choose(jobs(), []string{"B", "X"}); err == nil {
		t.Error("no error for a row that does not exist")
	}
}
