package fault

// Reason is extensions.reason of a GraphQL error: which rule was broken, for programs that have to say it in words of their
// own. Where the code says enough there is none. Clients may rely on it.
type Reason string

// The reasons, each of which the browser UI has a text for. What each means stands behind it, and from there in
// docs/ERRORS.md.
const (
	Empty          Reason = "EMPTY"            // nothing, or nothing but white space
	TooShort       Reason = "TOO_SHORT"        // fewer than `limit` characters
	TooLong        Reason = "TOO_LONG"         // more than `limit` characters; without `limit`, too many bytes
	BadCharacter   Reason = "BAD_CHARACTER"    // a character that cannot be kept, or that a name cannot have
	NoAddress      Reason = "NO_ADDRESS"       // no e-mail address
	ForeignAddress Reason = "FOREIGN_ADDRESS"  // a user name in the form of an e-mail address that is not the account's own
	Taken          Reason = "TAKEN"            // another account has this `field`
	CommonPassword Reason = "COMMON_PASSWORD"  // one of the passwords that are tried first
	NameInPassword Reason = "NAME_IN_PASSWORD" // the user name stands in the password
	WrongPassword  Reason = "WRONG_PASSWORD"   // not the password that the account has
	WrongLogin     Reason = "WRONG_LOGIN"      // no account with that name or address has that password
	SignUpClosed   Reason = "SIGNUP_CLOSED"    // an administrator makes accounts
	ChatRemoved    Reason = "CHAT_REMOVED"     // the chat was removed, and takes no more changes
)

// Because says which rule was broken.
func (f *Fault) Because(reason Reason) *Fault {
	f.Reason = reason
	return f
}

// Past says that a bound was broken, TooShort or TooLong, and where it is.
func (f *Fault) Past(reason Reason, limit int) *Fault {
	f.Reason, f.Limit = reason, limit
	return f
}
