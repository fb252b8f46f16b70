// Package wire is the contract with clients over the WebSocket, version chillin.v1: the
// names of commands, responses and events, their data and their encoding. It also has the
// Envelope in which the bus transports an encoded event from one node to the others.
//
// The data types are components of the OpenAPI document (see Data), from which the
// browser client's types and decoders are generated.
package wire

import (
	"maps"
	"reflect"
	"slices"
)

// Protocol is the WebSocket subprotocol.
const Protocol = "chillin.v1"

// Commands.
const (
	CommandRoomJoin      = "room:join"
	CommandRoomLeave     = "room:leave"
	CommandRoomChanges   = "room:changes"
	CommandMessageSend   = "message:send"
	CommandMessageEdit   = "message:edit"
	CommandMessageDelete = "message:delete"
	CommandMessageReact  = "message:react"
	CommandReadMark      = "read:mark"
	CommandTypingStart   = "typing:start"
	CommandTypingStop    = "typing:stop"
	CommandPresenceSet   = "presence:set"
	CommandPing          = "ping"
)

// Responses to commands.
const (
	ResponseError            = "error"
	ResponseOK               = "ok"
	ResponseRoomJoined       = "room:joined"
	ResponseRoomLeft         = "room:left"
	ResponseRoomChanges      = "room:changes"
	ResponseMessageConfirmed = "message:confirmed"
	ResponsePong             = "pong"
)

// Events.
const (
	EventConnected         = "connected"
	EventMessageNew        = "message:new"
	EventMessageEdited     = "message:edited"
	EventMessageDeleted    = "message:deleted"
	EventMessageReaction   = "message:reaction"
	EventRoomAdded         = "room:added"
	EventRoomUpdated       = "room:updated"
	EventRoomRemoved       = "room:removed"
	EventMembershipUpdated = "membership:updated"
	EventPresenceUpdate    = "presence:update"
	EventTypingUpdate      = "typing:update"
	EventReadUpdated       = "read:updated"
	EventUserUpdated       = "user:updated"
	EventBlockUpdated      = "block:updated"
	EventDraining          = "draining"
)

// command is a command with an example of its data and the type of its response, "" for
// none.
type command struct {
	data     any
	response string
}

var commands = map[string]command{
	CommandRoomJoin:      {RoomJoin{}, ResponseRoomJoined},
	CommandRoomLeave:     {RoomRef{}, ResponseRoomLeft},
	CommandRoomChanges:   {ChangesQuery{}, ResponseRoomChanges},
	CommandMessageSend:   {MessageSend{}, ResponseMessageConfirmed},
	CommandMessageEdit:   {MessageEdit{}, ResponseOK},
	CommandMessageDelete: {MessageRef{}, ResponseOK},
	CommandMessageReact:  {MessageReact{}, ResponseOK},
	CommandReadMark:      {ReadMark{}, ResponseOK},
	CommandTypingStart:   {RoomRef{}, ""},
	CommandTypingStop:    {RoomRef{}, ""},
	CommandPresenceSet:   {PresenceSet{}, ResponseOK},
	CommandPing:          {Ping{}, ResponsePong},
}

// serverData has an example of the data of each response and event. The data of ok is
// Empty if the command changed no message.
var serverData = map[string]any{
	ResponseError:            FrameError{},
	ResponseOK:               Done{},
	ResponseRoomJoined:       RoomJoined{},
	ResponseRoomLeft:         RoomRef{},
	ResponseRoomChanges:      RoomChanges{},
	ResponseMessageConfirmed: MessageConfirmed{},
	ResponsePong:             Pong{},

	EventConnected:         Connected{},
	EventMessageNew:        MessageEvent{},
	EventMessageEdited:     MessageEvent{},
	EventMessageDeleted:    MessageEvent{},
	EventMessageReaction:   MessageEvent{},
	EventRoomAdded:         RoomAdded{},
	EventRoomUpdated:       RoomUpdated{},
	EventRoomRemoved:       RoomRemoved{},
	EventMembershipUpdated: MembershipUpdated{},
	EventPresenceUpdate:    PresenceUpdate{},
	EventTypingUpdate:      TypingUpdate{},
	EventReadUpdated:       ReadUpdated{},
	EventUserUpdated:       UserUpdated{},
	EventBlockUpdated:      BlockUpdated{},
	EventDraining:          Draining{},
}

// CommandType describes a command of the contract.
type CommandType struct {
	Name, Data string // Data is the name of a type of this package
	Response   string // the type of the response, "" for none
}

// CommandTypes returns all commands by name.
func CommandTypes() []CommandType {
	types := make([]CommandType, 0, len(commands))
	for _, name := range slices.Sorted(maps.Keys(commands)) {
		c := commands[name]
		types = append(types, CommandType{name, nameOf(c.data), c.response})
	}
	return types
}

// ServerTypes returns the name of the data type of each response and event.
func ServerTypes() map[string]string {
	names := make(map[string]string, len(serverData))
	for frame, data := range serverData {
		names[frame] = nameOf(data)
	}
	return names
}

// Data returns an example of each data type, for the OpenAPI document.
func Data() []any {
	byName := map[string]any{}
	for _, c := range commands {
		byName[nameOf(c.data)] = c.data
	}
	for _, data := range serverData {
		byName[nameOf(data)] = data
	}
	all := make([]any, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		all = append(all, byName[name])
	}
	return all
}

func nameOf(data any) string { return reflect.TypeOf(data).Name() }
