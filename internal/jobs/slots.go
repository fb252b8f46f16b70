package jobs

// Slot is a capacity that a job uses while it runs. A Runner runs at most Max jobs at a time whose slots
// have the same name.
type Slot struct {
	Name string
	Max  int
}

// usage counts the running jobs, in all and by the names of their slots.
type usage struct {
	all    int
	bySlot map[string]int
}

func (u *usage) add(slots []Slot, n int) {
	u.all += n
	for _, s := range slots {
		if u.bySlot[s.Name] += n; u.bySlot[s.Name] == 0 {
			delete(u.bySlot, s.Name)
		}
	}
}

// fits reports whether one more job with slots can run.
func (u *usage) fits(slots []Slot, workers int) bool {
	if u.all >= workers {
		return false
	}
	for _, s := range slots {
		if u.bySlot[s.Name] >= s.Max {
			return false
		}
	}
	return true
}
