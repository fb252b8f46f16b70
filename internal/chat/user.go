package chat

// Role is what a user may do on the whole server.
type Role string

const (
	PlainUser Role = "user"
	Admin     Role = "admin"
	Bot       Role = "bot"
)

// User is a person or program with a name here, as everybody may see it.
type User struct {
	ID            UserID `json:"id"`
	Username      string `json:"username"`
	DisplayName   string `json:"displayName"`
	AvatarURL     string `json:"avatarUrl" doc:"Empty where there is none."`
	Guest         bool   `json:"guest" doc:"Guests live 24 hours."`
	Role          Role   `json:"role" enum:"user,admin,bot"`
	Status        Status `json:"status" enum:"online,away,busy,offline,unknown"`
	StatusMessage string `json:"statusMessage"`
	CreatedAt     Time   `json:"createdAt" format:"date-time"`
}

// Author is the part of a User that a message shows.
type Author struct {
	ID          UserID `json:"id"`
	Username    string `json:"username"`
	DisplayName string `json:"displayName"`
	AvatarURL   string `json:"avatarUrl"`
}

// NewAccount is what the store needs to make a user. Names are clean already.
type NewAccount struct {
	Username     string
	DisplayName  string
	Email        string       // "" for none
	PasswordHash PasswordHash // "" for guests
	Guest        bool
	ExpiresAt    Time // 0: never
}

// CleanDisplayName cleans the name that people see of somebody; where nothing is
// left of it, it is standard.
func CleanDisplayName(text, standard string) (string, error) {
	name, err := CleanLine(text, MaxDisplayName, "displayName")
	if name == "" {
		name = standard
	}
	return name, err
}
