package chat

// Role is the role of a user on the server.
type Role string

const (
	PlainUser Role = "user"
	Admin     Role = "admin"
	Bot       Role = "bot"
)

// User is a user or bot, with the fields that every user may see.
type User struct {
	ID            UserID `json:"id"`
	Username      string `json:"username"`
	DisplayName   string `json:"displayName"`
	AvatarURL     string `json:"avatarUrl" doc:"Empty if there is none."`
	Guest         bool   `json:"guest" doc:"Guests are deleted after 24 hours."`
	Role          Role   `json:"role" enum:"user,admin,bot"`
	Status        Status `json:"status" enum:"online,away,busy,offline,unknown"`
	StatusMessage string `json:"statusMessage"`
	CreatedAt     Time   `json:"createdAt" format:"date-time"`
	TimeZone      string `json:"timeZone,omitempty" doc:"An IANA name such as Europe/Berlin. Missing if the user has not set it."`
}

// Author is the part of a User that a message shows.
type Author struct {
	ID          UserID `json:"id"`
	Username    string `json:"username"`
	DisplayName string `json:"displayName"`
	AvatarURL   string `json:"avatarUrl"`
}

// NewAccount is a user to be stored, with clean values.
type NewAccount struct {
	Username     string
	DisplayName  string
	Email        string       // "" for none
	PasswordHash PasswordHash // "" for guests
	Guest        bool
	ExpiresAt    Time // 0: never
	// OnlyFirst is true if sign-up is closed: only the first account of the server can be created.
	OnlyFirst bool
}

// ErrSignUpClosed is FORBIDDEN, for new accounts while sign-up is closed.
func ErrSignUpClosed() *Error {
	return Errorf(Forbidden, "This server does not accept new accounts.")
}

// CleanDisplayName returns a display name in the form in which it is stored, defaultName if
// it is empty.
func CleanDisplayName(text, defaultName string) (string, error) {
	name, err := CleanLine(text, MaxDisplayName, "displayName")
	if name == "" {
		name = defaultName
	}
	return name, err
}
