package settings

// areas is the registry.
var areas = []Area{listening, access, database, redis, files, limits, webhooks, backups, logs}

// Areas returns all settings by area, in the order of the documents. The result is shared: it must not
// be changed.
func Areas() []Area { return areas }

// All returns all settings.
func All() (all []Setting) {
	for _, area := range areas {
		all = append(all, area.Settings...)
	}
	return all
}

// Variables returns the names of all variables of the environment.
func Variables() (names []string) {
	for _, s := range All() {
		names = append(names, s.Variables()...)
	}
	return names
}

// Lookup returns the setting of a variable. It returns false if there is none.
func Lookup(name string) (Setting, bool) { return find(func(s Setting) bool { return s.Name == name }) }

// LookupLimit returns the setting of a limit. It returns false if there is none.
func LookupLimit(name string) (Setting, bool) {
	return find(func(s Setting) bool { return s.Limit == name && name != "" })
}

// Limits returns the settings that are limits.
func Limits() (all []Setting) {
	for _, s := range All() {
		if s.Limit != "" {
			all = append(all, s)
		}
	}
	return all
}

func find(match func(Setting) bool) (Setting, bool) {
	for _, area := range areas {
		for _, s := range area.Settings {
			if match(s) {
				return s, true
			}
		}
	}
	return Setting{}, false
}
