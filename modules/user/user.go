// Package user is the feature of accounts.
//
// A name is unique without case and width, an e-mail address without case. An account is never deleted: removing it makes
// it inactive, and its name, address and messages stay.
package user

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"

	"chat/modules/fault"
	"chat/modules/gql"
	"chat/modules/id"
	"chat/modules/identity"
)

// User is the object of that name, as one viewer is shown it.
type User struct {
	ID          id.User
	Username    string
	DisplayName *string
	IsActive    bool
	CreatedAt   gql.DateTime
	UpdatedAt   gql.DateTime

	email  string
	viewer identity.Viewer
}

func newUser(viewer identity.Viewer, r row) *User {
	return &User{
		ID: r.ID, Username: r.Username, DisplayName: r.DisplayName, IsActive: r.Active,
		CreatedAt: gql.DateTime{Time: r.CreatedAt}, UpdatedAt: gql.DateTime{Time: r.UpdatedAt},
		email: r.Email, viewer: viewer,
	}
}

// Email is null where the viewer may not see it.
func (u *User) Email() *string {
	if !u.viewer.Emails && u.viewer.ID != u.ID {
		return nil
	}
	return &u.email
}

// Bounds of an account's texts.
const (
	maxNameRunes        = 64
	maxEmailBytes       = 254 // RFC 5321, 4.5.3.1.3, less the angle brackets
	maxDisplayNameRunes = 100
)

// name gives a user name as it is shown and as it is compared.
//
// The profile is Nickname of RFC 8266: names of people, with inner spaces, compared without case and width. It refuses
// control, format and other characters that cannot be told apart by sight.
func name(text string) (shown, key string, err error) {
	shown, err = precis.Nickname.String(text)
	if err != nil {
		return "", "", fault.Invalid("username", "holds a character that a name cannot have, or nothing")
	}
	if key, err = precis.Nickname.CompareKey(text); err != nil || utf8.RuneCountInString(shown) > maxNameRunes {
		return "", "", fault.Invalid("username", "must have 1 to %d characters", maxNameRunes)
	}
	return shown, key, nil
}

// email gives an address as it is kept and as it is compared. Whether it receives mail is not known.
func email(text string) (kept, key string, err error) {
	kept = strings.TrimSpace(text)
	local, domain, found := strings.Cut(kept, "@")
	bad := strings.ContainsFunc(kept, func(r rune) bool { return r <= ' ' || r == 0x7f || r == utf8.RuneError })
	if !found || local == "" || domain == "" || strings.Contains(domain, "@") || bad || len(kept) > maxEmailBytes {
		return "", "", fault.Invalid("email", "is no e-mail address")
	}
	return kept, strings.ToLower(kept), nil
}

// displayName gives a display name as it is kept; nothing but white space is none.
func displayName(text *string) (*string, error) {
	if text == nil {
		return nil, nil
	}
	kept := strings.TrimSpace(*text)
	if utf8.RuneCountInString(kept) > maxDisplayNameRunes || strings.ContainsRune(kept, 0) || !utf8.ValidString(kept) {
		return nil, fault.Invalid("displayName", "must have at most %d characters, none of them U+0000", maxDisplayNameRunes)
	}
	return &kept, nil
}
