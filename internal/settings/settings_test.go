package settings

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestRegistry checks each setting for mistakes in the table.
func TestRegistry(t *testing.T) {
	named, limited := map[string]bool{}, map[string]bool{}
	for _, area := range Areas() {
		if area.Name == "" || area.Summary == "" || len(area.Settings) == 0 {
			t.Errorf("area %q is incomplete", area.Name)
		}
		for _, s := range area.Settings {
			for _, name := range s.Variables() {
				if named[name] || !regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`).MatchString(name) {
					t.Errorf("variable %q exists twice or is invalid", name)
				}
				named[name] = true
			}
			if !strings.HasSuffix(s.Description, ".") && !strings.Contains(s.Description, "\n") && !strings.Contains(s.Description, "…") {
				t.Errorf("the description of %s is no sentence: %q", s.Name, s.Description)
			}
			checkValues(t, s)
			if s.Admin != (s.Label != "") || s.Admin && s.Type == Secret {
				t.Errorf("%s: Admin, Label and Type do not fit together", s.Name)
			}
			if s.Limit == "" {
				continue
			}
			if limited[s.Limit] || !s.Admin || s.Type != Number && s.Type != Size || s.Min != 1 {
				t.Errorf("limit %s of %s exists twice or does not fit its setting", s.Limit, s.Name)
			}
			limited[s.Limit] = true
		}
	}
	if len(limited) != 10 {
		t.Errorf("%d limits, want the ten of the API", len(limited))
	}
}

// checkValues checks the default of a setting and what belongs to its type.
func checkValues(t *testing.T, s Setting) {
	t.Helper()
	if s.Default != "" {
		if value, err := s.Parse(s.Default); err != nil || value != s.Default {
			t.Errorf("default of %s = %q, %v, want %q in its normal form", s.Name, value, err, s.Default)
		}
	}
	numeric := s.Type == Number || s.Type == Size
	switch {
	case numeric && (s.Default == "" || s.Max <= s.Min):
		t.Errorf("%s has no default or no range", s.Name)
	case s.Type == Boolean && s.Default == "":
		t.Errorf("%s has no default", s.Name)
	case (s.Type == Choice) != (len(s.Choices) > 0), s.Type == Choice && s.Default == "":
		t.Errorf("%s: choices %q, default %q", s.Name, s.Choices, s.Default)
	case s.Type == Secret && s.Default != "":
		t.Errorf("%s is a secret with a default", s.Name)
	case s.Type == Text && s.Admin && s.Max == 0:
		t.Errorf("%s has no greatest length", s.Name)
	}
}

func TestParse(t *testing.T) {
	number := Setting{Type: Number, Min: 1, Max: 20}
	size := Setting{Type: Size, Min: 1, Max: 20}
	flag := Setting{Type: Boolean}
	choice := Setting{Type: Choice, Choices: []string{"open", "closed"}}
	line := Setting{Type: Text, Max: 5}
	for _, c := range []struct {
		s          Setting
		text, want string // "" for an error
		admin      string // what admins may set, if it differs
	}{
		{number, " 07 ", "7", ""}, {number, "0", "", ""}, {number, "21", "", ""}, {number, "1.5", "", ""}, {number, "x", "", ""},
		{size, "20", "20", ""}, {size, "21", "", ""}, {size, "0.5", "", "0.5"}, {size, "0", "", ""}, {size, "-1", "", ""}, {size, "NaN", "", ""}, {size, "Inf", "", ""}, {size, "1e-9", "", ""},
		{flag, "Yes", "true", ""}, {flag, "off", "false", ""}, {flag, "2", "", ""},
		{choice, "CLOSED", "closed", ""}, {choice, "ajar", "", ""},
		{line, " äöüß€ ", "äöüß€", ""}, {line, "sixsix", "", ""}, {line, "a\nb", "", ""}, {line, "\xff", "", ""},
	} {
		if got, err := c.s.Parse(c.text); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("Parse(%s %q) = %q, %v, want %q", c.s.Type, c.text, got, err, c.want)
		}
		if c.admin == "" {
			c.admin = c.want
		}
		got, fault := c.s.ParseAdmin(c.text)
		if got != c.admin || (fault == "") != (c.admin != "") {
			t.Errorf("ParseAdmin(%s %q) = %q, %q, want %q", c.s.Type, c.text, got, fault, c.admin)
		}
		if fault != "" && (!strings.HasPrefix(fault, "The value must ") || !strings.HasSuffix(fault, ".")) {
			t.Errorf("fault = %q, want a sentence", fault)
		}
	}
}

func TestLimitsAreExact(t *testing.T) {
	for _, s := range Limits() {
		for _, n := range []int{1, 7, 15_000_000, s.MaxLimit() - 1, s.MaxLimit()} {
			if n > s.MaxLimit() {
				continue
			}
			value, fault := s.ParseAdmin(s.FormatLimit(n))
			if got := s.ParseLimit(value); got != n || fault != "" {
				t.Errorf("%s: %d became %q and %d (%s)", s.Name, n, value, got, fault)
			}
		}
	}
}

func TestFromStore(t *testing.T) {
	got, ignored := FromStore(
		map[string]int{"maxMessageLength": 5, "maxUploadSize": 512 << 10, "roomsPerHour": 1_000_001, "joinsPerMinute": 0, "moonsPerHour": 7},
		map[string]string{"SIGNUP": "closed", "GUESTS": "perhaps", "PORT": "7", "MOON": "full", "MAX_MESSAGE_LENGTH": "9", "DB_PASSWORD": "x"},
	)
	if want := (Values{"MAX_MESSAGE_LENGTH": "5", "MAX_UPLOAD_SIZE": "0.5", "SIGNUP": "closed"}); !maps.Equal(got, want) {
		t.Errorf("values = %v, want %v", got, want)
	}
	if want := []string{"DB_PASSWORD", "GUESTS", "MAX_MESSAGE_LENGTH", "MOON", "PORT", "joinsPerMinute", "moonsPerHour", "roomsPerHour"}; !slices.Equal(ignored, want) {
		t.Errorf("ignored = %q, want %q", ignored, want)
	}
}

func TestValues(t *testing.T) {
	environment := Values{"MAX_UPLOAD_SIZE": "20", "GUESTS": "false"}
	both := environment.With(Values{"GUESTS": "true", "MAX_UPLOAD_SIZE": "1.5"})
	if !both.Boolean(Guests) || both.Number("MAX_UPLOAD_SIZE") != 1 || both.Text(SignUp) != SignUpOpen || both.Limits()["maxUploadSize"] != 3<<19 {
		t.Errorf("values = %v", both)
	}
	if environment.Boolean(Guests) {
		t.Error("With changed its receiver")
	}
	if got := (Values)(nil).With(nil).Limits()["storageBytes"]; got != 100<<30 {
		t.Errorf("default of storageBytes = %d, want %d", got, 100<<30)
	}
}
