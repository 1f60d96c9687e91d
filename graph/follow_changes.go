package graph

import (
	"context"
	"strconv"

	"github.com/google/uuid"

	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/live"
	"github.com/weirhq/weir/notify/alarm"
	"github.com/weirhq/weir/tenant"
)

// changeFeed is a source of things that change. Where it stands is the number of a change.
type changeFeed[T, M any] struct {
	feed *live.Subscription[T]
	// name is in its cursors.
	name string
	at   int64
	// show makes a message of a change; ok is false when the subscriber sees nothing of it.
	show func(ctx context.Context, change T) (message M, ok bool, err error)
}

// followChanges follows a stream of changes from a cursor on, or from now.
func followChanges[T, M any](ctx context.Context, from *live.Feed[T], after *string, want live.Want[T], f *changeFeed[T, M]) (<-chan M, error) {
	if from == nil {
		return nil, errNoLive
	}
	if cursor := text(after); cursor != "" {
		at, err := parseChange(f.name, cursor)
		if err != nil {
			return nil, err
		}
		want.After = &at
	}
	feed, err := from.Subscribe(ctx, want)
	if err != nil {
		return nil, ended(err, "")
	}
	f.feed, f.at = feed, feed.Cursor()
	return sending(ctx, f), nil
}

func (f *changeFeed[T, M]) next(ctx context.Context) (M, string, error) {
	for {
		item, err := f.feed.Next(ctx)
		if err != nil {
			return *new(M), "", err
		}
		message, ok, err := f.show(ctx, item.Value)
		if err != nil {
			return message, "", err
		}
		f.at = item.At
		if ok {
			return message, f.resync(), nil
		}
	}
}

func (f *changeFeed[T, M]) resync() string { return changeCursor(f.name, f.at) }

func (f *changeFeed[T, M]) close() { f.feed.Close() }

// changeCursor is the cursor of a change in a stream.
func changeCursor(name string, no int64) string {
	return page.EncodeCursor(name, strconv.FormatInt(no, 10))
}

// parseChange reads a cursor of changeCursor.
func parseChange(name, cursor string) (int64, error) {
	keys, err := page.DecodeCursor(name, cursor, 1)
	if err != nil {
		return 0, err
	}
	at, err := strconv.ParseInt(keys[0], 10, 64)
	if err != nil || at < 0 {
		return 0, errs.Invalid("after", "this is no cursor of this list")
	}
	return at, nil
}

// issueChanged follows the issues that match. Who is limited to one customer gets them as that customer's.
func (r *Resolver) issueChanged(ctx context.Context, in *model.IssueFilter, after *string) (<-chan *model.Issue, error) {
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	filter, err := issueFilter(ctx, in)
	if err != nil {
		return nil, err
	}
	matcher, err := issues.NewMatcher(p, filter)
	if err != nil {
		return nil, err
	}
	want := live.Want[issues.Update]{Deep: matcher.NeedsHits(), Accept: func(i *live.Item[issues.Update]) bool { return matcher.Matches(&i.Value) }}
	show := func(_ context.Context, u issues.Update) (*model.Issue, bool, error) {
		return model.NewIssue(u.Issue), true, nil
	}
	if p.CustomerID != uuid.Nil {
		show = r.ownIssue
	}
	return followChanges(ctx, r.deps.LiveIssues, after, want, &changeFeed[issues.Update, *model.Issue]{name: "issue_changes", show: show})
}

// ownIssue reads an issue that changed as the context's principal sees it.
func (r *Resolver) ownIssue(ctx context.Context, u issues.Update) (*model.Issue, bool, error) {
	var found map[uuid.UUID]*issues.Issue
	err := r.deps.LiveIssues.Try(ctx, func(ctx context.Context) (err error) {
		found, err = r.deps.Issues.ByIDs(ctx, []uuid.UUID{u.ID})
		return err
	})
	if err != nil || found[u.ID] == nil {
		return nil, false, err
	}
	return model.NewIssue(found[u.ID]), true, nil
}

// alarmChanged follows the alarms.
func (r *Resolver) alarmChanged(ctx context.Context, after *string) (<-chan *model.Alarm, error) {
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.Require(tenant.RoleViewer); err != nil {
		return nil, err
	}
	want := live.Want[alarm.Update]{Accept: func(*live.Item[alarm.Update]) bool { return true }}
	show := func(_ context.Context, u alarm.Update) (*model.Alarm, bool, error) {
		return model.NewAlarm(u.Alarm), true, nil
	}
	return followChanges(ctx, r.deps.LiveAlarms, after, want, &changeFeed[alarm.Update, *model.Alarm]{name: "alarm_changes", show: show})
}
