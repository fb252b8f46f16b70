package settings

import (
	"maps"
	"slices"
	"strconv"
)

// Values are valid values by the names of their settings. A setting that is missing has its default.
type Values map[string]string

// Text returns the value of a setting. It panics if there is no such setting, which is a mistake in
// the code.
func (v Values) Text(name string) string {
	if value, ok := v[name]; ok {
		return value
	}
	s, ok := Lookup(name)
	if !ok {
		panic("there is no setting " + name)
	}
	return s.Default
}

// Number returns the value of a Number, or of a Size in MiB, without its fraction.
func (v Values) Number(name string) int {
	amount, _ := strconv.ParseFloat(v.Text(name), 64) // the value is valid
	return int(amount)
}

// Boolean returns the value of a Boolean.
func (v Values) Boolean(name string) bool { return v.Text(name) == "true" }

// Limits returns the values of all limits by their names.
func (v Values) Limits() map[string]int {
	byName := map[string]int{}
	for _, s := range Limits() {
		byName[s.Limit] = s.ParseLimit(v.Text(s.Name))
	}
	return byName
}

// With returns the values of v, replaced by those of other.
func (v Values) With(other Values) Values {
	all := maps.Clone(v)
	if all == nil {
		all = Values{}
	}
	maps.Copy(all, other)
	return all
}

// FromStore returns the values that admins have set, as the store returns them: limits by their names,
// everything else by the names of settings. ignored are the sorted names of those that this version does
// not know, that admins cannot set, or that are invalid.
func FromStore(limits map[string]int, texts map[string]string) (v Values, ignored []string) {
	v = Values{}
	for name, n := range limits {
		s, ok := LookupLimit(name)
		if !ok || n < 1 || n > s.MaxLimit() {
			ignored = append(ignored, name)
			continue
		}
		v[s.Name] = s.FormatLimit(n)
	}
	for name, text := range texts {
		s, ok := Lookup(name)
		if ok && s.Admin && s.Limit == "" {
			if value, fault := s.ParseAdmin(text); fault == "" {
				v[name] = value
				continue
			}
		}
		ignored = append(ignored, name)
	}
	slices.Sort(ignored)
	return v, ignored
}
