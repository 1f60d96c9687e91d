package issues

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/statistics"
)

// Hold has a store hold so many bytes of what is only watched: with none it is read anew each time.
func Hold(s *Store, bytes int) { s.mostWatched = bytes }

// Held tells how many tenants a store holds something of, and how many bytes.
func Held(s *Store) (tenants, bytes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.watches {
		bytes += w.held
	}
	return len(s.watches), bytes
}

// GiveTraffic gives those of the cells that are of a time, in rows as ingestion packs them.
func GiveTraffic(cells []statistics.Cell, from, to time.Time, take func(t *statistics.Traffic, i int)) error {
	collector := statistics.NewCollector()
	for i := range cells {
		collector.Add(&cells[i])
	}
	for _, row := range collector.Pack() {
		t, err := statistics.OpenTraffic(row.Packed)
		if err != nil {
			return err
		}
		for i := range t.Len() {
			if minute := time.Unix(60*t.Minute(i), 0); !minute.Before(from.Truncate(time.Minute)) && minute.Before(to) {
				take(t, i)
			}
		}
	}
	return nil
}

// SheetText is what a packed sheet says, in words.
func SheetText(tenantID uuid.UUID, packed []byte) (string, error) {
	s := newSheet(tenantID)
	if err := s.add(packed, true); err != nil {
		return "", err
	}
	var b strings.Builder
	for _, w := range s.whoms.values {
		fmt.Fprintf(&b, "whom %s %s\n", w.customer, w.app)
	}
	for _, p := range s.problems {
		fmt.Fprintf(&b, "problem %s %s %s\n", p.id, p.key.Category, p.key.Scope)
		for _, c := range p.cells {
			fmt.Fprintf(&b, "cell %s %s %d %s\n", p.key.Scope, c.at().Format("15:04"), c.n, c.lastAt())
		}
		for _, h := range p.hours {
			fmt.Fprintf(&b, "hour %s %d %d\n", p.key.Scope, h.hour, h.n)
		}
		for _, e := range p.evidence {
			fmt.Fprintf(&b, "shown %s %s %s %s\n", p.key.Scope, e.ID, e.customer, e.At)
		}
	}
	return b.String(), nil
}
