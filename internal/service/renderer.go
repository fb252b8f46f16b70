package service

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/markup"
)

// Renderer renders stored messages again, after the rules of Markdown have changed. It can be
// stopped at any time and continues where it was.
type Renderer struct {
	Store chat.Rendering
	Rooms chat.Rooms
	// Rest is the ratio of pause to work, so that the database has time for others.
	Rest int
	// Report is called after each batch.
	Report func(RenderProgress)
}

// RenderProgress is what one run of a Renderer has done.
type RenderProgress struct {
	chat.RenderingState
	Read, Replaced int // messages
	// Skipped contains the messages on which rendering failed. They keep their HTML.
	Skipped []chat.MessageID
}

// renderAttempts is how often a batch is tried while the database is busy.
const renderAttempts = 5

// Run renders until the newest message or until ctx ends. again begins with the oldest message
// even if all have been rendered by the present rules.
func (r *Renderer) Run(ctx context.Context, again bool) (RenderProgress, error) {
	var p RenderProgress
	var err error
	p.RenderingState, err = r.Store.BeginRendering(ctx, markup.RulesVersion, again)
	for err == nil && p.Rendered < p.Newest {
		began := time.Now()
		if err = r.retry(ctx, func() error { return r.batch(ctx, &p) }); err != nil {
			break
		}
		if r.Report != nil {
			r.Report(p)
		}
		select {
		case <-time.After(time.Duration(r.Rest) * time.Since(began)):
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if ctx.Err() != nil {
		err = ctx.Err() // whatever it interrupted
	}
	return p, err
}

// retry repeats what fails because the database is busy.
func (r *Renderer) retry(ctx context.Context, do func() error) error {
	for attempt := 1; ; attempt++ {
		err := do()
		if err == nil || chat.CodeOf(err) != chat.Unavailable || attempt == renderAttempts || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(time.Duration(attempt) * time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// batch renders the next messages and saves the changed HTML.
func (r *Renderer) batch(ctx context.Context, p *RenderProgress) error {
	messages, err := r.Store.MessagesToRender(ctx, p.RenderingState)
	if err != nil {
		return err
	}
	to := p.Newest
	if len(messages) > 0 {
		to = messages[len(messages)-1].ID
	}
	var changes []chat.RenderedHTML
	var skipped []chat.MessageID
	for _, m := range messages {
		html, err := r.render(ctx, m)
		switch {
		case err != nil && chat.CodeOf(err) == chat.Unavailable, ctx.Err() != nil:
			return err
		case err != nil:
			skipped = append(skipped, m.ID)
		case html != m.HTML:
			changes = append(changes, chat.RenderedHTML{Old: m, HTML: html})
		}
	}
	replaced, err := r.Store.SaveRendered(ctx, p.RenderingState, to, changes)
	if err != nil {
		return err
	}
	p.Rendered = to
	p.Read += len(messages)
	p.Replaced += replaced
	p.Skipped = append(p.Skipped, skipped...)
	return nil
}

// render returns the HTML of a message by the present rules. A mentioned user stays
// mentioned after leaving the room.
func (r *Renderer) render(ctx context.Context, m chat.StoredHTML) (html string, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("render message %d: %v", m.ID, cause)
		}
	}()
	if m.Text == "" {
		return m.HTML, nil // a message with only files
	}
	names := markup.MentionNames(m.Text)
	if len(names) == 0 {
		return markup.HTML(m.Text), nil
	}
	members, err := r.Rooms.MembersByName(ctx, m.Room, names)
	if err != nil {
		return "", err
	}
	who := make(map[string]int64, len(members))
	for name, id := range members {
		who[name] = int64(id)
	}
	maps.Copy(who, markup.MentionsByName(m.HTML))
	return markup.HTMLWithMentions(m.Text, who), nil
}
