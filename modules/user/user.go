// Package user is the feature of accounts.
//
// A name is unique without case and width, and so is an e-mail address. An account is never deleted: removing it makes it
// inactive, and its name, address and messages stay. Every write answers the account as its own transaction left it, and
// is resolved by running it again when the answer to its COMMIT is lost.
package user

import (
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
