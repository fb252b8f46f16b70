package service

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/settings"
	"github.com/chillin-chat/chillin/internal/wake"
)

// settingsInterval is how often a node reads the settings in case it missed SettingsChanged.
const settingsInterval = 4 * time.Second

// Settings contains the settings of a node that admins can change while it runs: what an admin has set
// for all nodes, otherwise the values of its environment, otherwise the defaults.
type Settings struct {
	environment settings.Values
	store       chat.SettingStore
	apply       func(limits chat.Limits, changed []string)
	now         atomic.Pointer[settingsInForce]
	refresh     wake.Signal // sent if the store should be read now
}

// settingsInForce is not changed after it is stored.
type settingsInForce struct {
	admin  settings.Values // set by admins
	all    settings.Values // with those of the environment
	limits chat.Limits
}

// NewSettings returns settings that start with the values of the environment. apply, which may be nil,
// is called with the sorted names of the settings that admins have changed.
func NewSettings(environment settings.Values, store chat.SettingStore, apply func(limits chat.Limits, changed []string)) *Settings {
	s := &Settings{environment: environment, store: store, apply: apply, refresh: wake.NewSignal()}
	s.now.Store(s.with(settings.Values{}))
	return s
}

func (s *Settings) with(admin settings.Values) *settingsInForce {
	all := s.environment.With(admin)
	return &settingsInForce{admin: admin, all: all, limits: limitsOf(all)}
}

// Limits returns the limits in force.
func (s *Settings) Limits() chat.Limits { return s.now.Load().limits }

// Values returns the values in force. They must not be changed.
func (s *Settings) Values() settings.Values { return s.now.Load().all }

// Read applies what the store contains. If it cannot be read, the settings in force stay.
func (s *Settings) Read(ctx context.Context) error {
	stored, err := s.store.Settings(ctx)
	if err != nil {
		return err
	}
	admin, _ := settings.FromStore(stored.Limits, stored.Texts) // doctor reports those that are ignored
	next := s.with(admin)
	before := s.now.Swap(next)
	if changed := differences(before.admin, admin); len(changed) > 0 && s.apply != nil {
		s.apply(next.limits, changed)
	}
	return nil
}

// differences returns the sorted names of the values that differ.
func differences(a, b settings.Values) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(a.With(b))) {
		before, hadBefore := a[name]
		after, hasAfter := b[name]
		if before != after || hadBefore != hasAfter {
			names = append(names, name)
		}
	}
	return names
}

// Refresh makes Run read the store at once. It does not block.
func (s *Settings) Refresh() {
	s.refresh.Send()
}

// Run reads the settings periodically and after Refresh, until ctx ends.
func (s *Settings) Run(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(settingsInterval)
	defer tick.Stop()
	for {
		if err := s.Read(ctx); err != nil && ctx.Err() == nil {
			log.Warn("read settings failed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-s.refresh:
		case <-tick.C:
		}
	}
}

// view returns a setting as admins see it.
func (s *Settings) view(now *settingsInForce, area settings.Area, setting settings.Setting) chat.SettingView {
	v := chat.SettingView{
		Name: setting.Name, Area: area.Name, Label: setting.Label, Description: setting.Description, Type: string(setting.Type),
		Value: now.all.Text(setting.Name), Default: setting.Default, Environment: s.environment[setting.Name], Source: s.source(now, setting.Name),
		ChangedBy: "operator", Choices: setting.Choices, Unit: setting.Unit, Limit: setting.Limit,
	}
	if v.Label == "" {
		v.Label = v.Name
	}
	if setting.Admin {
		v.ChangedBy = "admin"
	}
	switch setting.Type {
	case settings.Number, settings.Size:
		v.Minimum, v.Maximum = &setting.Min, &setting.Max
	case settings.Text:
		if setting.Max > 0 {
			v.Maximum = &setting.Max
		}
	}
	return v
}

func (s *Settings) source(now *settingsInForce, name string) chat.SettingSource {
	if _, ok := now.admin[name]; ok {
		return chat.FromAdmin
	}
	if _, ok := s.environment[name]; ok {
		return chat.FromEnvironment
	}
	return chat.FromDefault
}

// limitsOf returns the limits of values.
func limitsOf(values settings.Values) (l chat.Limits) {
	convert(values.Limits(), &l)
	return l
}

// convert copies between structs and maps of limits, by their names in JSON.
func convert(from, to any) {
	data, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(data, to)
	}
	if err != nil { // both are numbers
		panic(fmt.Errorf("convert limits: %w", err))
	}
}

// List returns all settings except secrets, by area.
func (s *Settings) List() chat.SettingList {
	list, now := chat.SettingList{Settings: []chat.SettingView{}}, s.now.Load()
	for _, area := range settings.Areas() {
		for _, one := range area.Settings {
			if one.Type != settings.Secret {
				list.Settings = append(list.Settings, s.view(now, area, one))
			}
		}
	}
	return list
}

// Change stores settings for all nodes by name; "" removes the values of admins. by is the actor, 0 for
// the operator. It returns BAD_REQUEST if one of them is not valid; then none is stored.
func (s *Settings) Change(ctx context.Context, by chat.UserID, values map[string]string) error {
	change := chat.StoredSettings{Limits: map[string]int{}, Texts: map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value, setting, err := settable(name, values[name])
		switch {
		case err != nil:
			return err
		case setting.Limit != "":
			change.Limits[setting.Limit] = setting.ParseLimit(value)
		default:
			change.Texts[name] = value
		}
	}
	return s.store.SetSettings(ctx, by, change)
}

// settable returns the setting that an admin sets to text, and its value.
func settable(name, text string) (value string, s settings.Setting, err error) {
	field := "values." + name
	s, ok := settings.Lookup(name)
	if !ok || !s.Admin {
		return "", s, chat.Errorf(chat.BadRequest, "Admins cannot change this setting.").WithField(field)
	}
	if text == "" {
		return "", s, nil
	}
	value, fault := s.ParseAdmin(text)
	if fault != "" {
		return "", s, chat.Errorf(chat.BadRequest, "%s", fault).WithField(field)
	}
	return value, s, nil
}

// Settings returns all settings except secrets, by area.
func (a Administrator) Settings() chat.SettingList { return a.service.Settings.List() }

// ChangeSettings sets settings for all nodes by name; "" removes the values of admins.
func (a Administrator) ChangeSettings(ctx context.Context, values map[string]string) (chat.SettingList, error) {
	err := a.service.Settings.Change(ctx, a.caller.User.ID, values)
	if err == nil {
		err = a.announceSettings(ctx)
	}
	if err != nil {
		return chat.SettingList{}, err
	}
	return a.Settings(), nil
}

// Limits returns the limits in force.
func (a Administrator) Limits() chat.LimitsView {
	s := a.service.Settings
	return chat.LimitsView{Limits: s.Limits(), Defaults: limitsOf(s.environment)}
}

// ChangeLimits sets limits for all nodes.
func (a Administrator) ChangeLimits(ctx context.Context, p chat.LimitsPatch) (chat.LimitsView, error) {
	values := map[string]int{}
	convert(p, &values)
	for _, s := range settings.Limits() {
		if value := values[s.Limit]; value < 0 || value > s.MaxLimit() {
			return chat.LimitsView{}, chat.Errorf(chat.BadRequest, "The limit must be between 1 and %d, or 0 for the default.", s.MaxLimit()).WithField(s.Limit)
		}
	}
	if err := a.service.Settings.store.SetSettings(ctx, a.caller.User.ID, chat.StoredSettings{Limits: values}); err != nil {
		return chat.LimitsView{}, err
	}
	if err := a.announceSettings(ctx); err != nil {
		return chat.LimitsView{}, err
	}
	return a.Limits(), nil
}

// announceSettings applies the stored settings on all nodes.
func (a Administrator) announceSettings(ctx context.Context) error {
	a.service.Publisher.PublishControl(chat.SettingsChanged)
	return a.service.Settings.Read(ctx)
}
