package app

import (
	"chat/modules/chat"
	"chat/modules/read"
	"chat/modules/user"
)

type ( // the aliases only give the embedded fields different names
	userQuery        = user.Query
	chatQuery        = chat.Query
	readQuery        = read.Query
	userMutation     = user.Mutation
	chatMutation     = chat.Mutation
	readMutation     = read.Mutation
	chatSubscription = chat.Subscription
	readSubscription = read.Subscription
)

// health is the root field that every role has.
type health struct{}

// Health asks no store.
func (health) Health() string { return "ok" }

type userRoleQuery struct {
	health
	*userQuery
}

type senderQuery struct{ health }

type senderMutation struct {
	*chatMutation
	*readMutation
}

type receiverQuery struct {
	health
	*chatQuery
	*readQuery
}

type allQuery struct {
	health
	*userQuery
	*chatQuery
	*readQuery
}

type allMutation struct {
	*userMutation
	*chatMutation
	*readMutation
}

type subscription struct {
	*chatSubscription
	*readSubscription
}

// The roots of the roles. A root without a method for one of its types has none of its fields.
type (
	userRoot     struct{ *features }
	senderRoot   struct{ *features }
	receiverRoot struct{ *features }
	allRoot      struct{ *features }
	liveRoot     struct{ *features } // subscriptions as queries
)

// features are the root fields of every feature.
type features struct {
	userQuery        *user.Query
	userMutation     *user.Mutation
	chatQuery        *chat.Query
	chatMutation     *chat.Mutation
	chatSubscription *chat.Subscription
	readQuery        *read.Query
	readMutation     *read.Mutation
	readSubscription *read.Subscription
}

func (f userRoot) Query() any    { return &userRoleQuery{health{}, f.userQuery} }
func (f userRoot) Mutation() any { return f.userMutation }

func (f senderRoot) Query() any    { return &senderQuery{} }
func (f senderRoot) Mutation() any { return &senderMutation{f.chatMutation, f.readMutation} }

func (f receiverRoot) Query() any { return &receiverQuery{health{}, f.chatQuery, f.readQuery} }
func (f receiverRoot) Subscription() any {
	return &subscription{f.chatSubscription, f.readSubscription}
}

func (f allRoot) Query() any { return &allQuery{health{}, f.userQuery, f.chatQuery, f.readQuery} }
func (f allRoot) Mutation() any {
	return &allMutation{f.userMutation, f.chatMutation, f.readMutation}
}
func (f allRoot) Subscription() any { return &subscription{f.chatSubscription, f.readSubscription} }

func (f liveRoot) Query() any { return &subscription{f.chatSubscription, f.readSubscription} }

// root gives the resolvers of a role.
func (r Role) root(f *features) any {
	switch r {
	case User:
		return userRoot{f}
	case Sender:
		return senderRoot{f}
	case Receiver:
		return receiverRoot{f}
	}
	return allRoot{f}
}
