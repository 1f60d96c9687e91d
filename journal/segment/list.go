package segment

import "github.com/weirhq/weir/journal/entry"

// List is what lists show of a segment besides the head. It unpacks what it is asked for, and keeps the frame (mostly
// all of it) that was read last; so it is not for concurrent use.
type List struct {
	frames openFrames
	at     int // the frame whose columns were read; -1 at first
	listFrame
}

type listFrame struct {
	first                     int
	externalID, url, message  stringList
	identifierEnds            []int
	keys, values              stringList
	attempt                   numbers
	dataSource                ids
	recordID, sourceID        stringList
	skipCode, skipMessage     stringList
	via                       numbers
	webhook                   numbers
	rejection                 stringList
	pull                      numbers
	strategy                  stringList
	pages, scanned, events    numbers
	cursorBefore, cursorAfter stringList
	state                     stringList
	transaction               numbers
	sender, receiver          stringList
	payloadType, businessFlow stringList
}

// OpenList reads a list's table of frames. The List keeps b, which must not change. Errors are ErrDamaged.
func OpenList(b []byte) (*List, error) {
	c, err := unseal("list", b)
	if err != nil {
		return nil, err
	}
	f, ok := readFrames(c)
	if !ok {
		return nil, damaged("list", "has a table of frames that cannot be read")
	}
	return &List{frames: openFramesOf(f), at: -1}, nil
}

// Len is how many entries the segment has.
func (l *List) Len() int { return l.frames.n }

// mayHold tells whether the needle may be in the frame of an entry.
func (l *List) mayHold(i int, n *needle) (bool, error) { return l.frames.mayHold(l.frames.of(i), n) }

func (l *List) load(i int) error {
	n := l.frames.of(i)
	if n == l.at {
		return nil
	}
	f := &l.frames.list[n]
	raw, err := l.frames.unpack(n)
	if err != nil {
		return err
	}
	t := readTable(cursor{rest: raw}, MaxEntries, listColumns)
	l.at = -1
	if l.listFrame = readListFrame(&t, f.first); t.bad || t.entries != f.entries {
		return damaged("list", "has a column that cannot be read")
	}
	l.at = n
	return nil
}

func readListFrame(t *table, first int) (l listFrame) {
	n := t.entries
	l.first = first
	l.url, l.message = t.strings(n), t.strings(n)
	counts := t.numbers()
	l.identifierEnds = runningSum(&counts, n)
	total := lastOf(l.identifierEnds)
	l.keys, l.values = t.strings(total), t.strings(total)
	t.bad = t.bad || l.keys.len() != total
	l.attempt, l.dataSource = t.numbers(), t.ids()
	l.skipCode, l.skipMessage = t.strings(n), t.strings(n)
	l.via = t.numbers()
	l.webhook, l.rejection = t.numbers(), t.strings(n)
	l.pull, l.strategy = t.numbers(), t.strings(n)
	l.pages, l.scanned, l.events = t.numbers(), t.numbers(), t.numbers()
	l.cursorBefore, l.cursorAfter, l.state = t.strings(n), t.strings(n), t.strings(n)
	l.transaction, l.sender, l.receiver = t.numbers(), t.strings(n), t.strings(n)
	l.payloadType, l.businessFlow = t.strings(n), t.strings(n)
	l.recordID, l.sourceID, l.externalID = t.strings(n), t.strings(n), t.strings(n)
	return l
}

// runningSum is where the things of each of n entries end in a column of all entries' things, by how many each has.
func runningSum(counts *numbers, n int) []int {
	if counts.width == 0 && counts.base == 0 {
		return nil
	}
	ends := make([]int, n)
	sum := 0
	for i := range ends {
		sum += int(min(counts.at(i), maxFrame))
		ends[i] = sum
	}
	return ends
}

func lastOf(ends []int) int {
	if len(ends) == 0 {
		return 0
	}
	return ends[len(ends)-1]
}

// rangeOf is where the things of an entry begin and end.
func rangeOf(ends []int, i int) (from, to int) {
	if ends == nil {
		return 0, 0
	}
	if i > 0 {
		from = ends[i-1]
	}
	return from, ends[i]
}

// Row fills in the list fields of the entry at a position. Its strings share the unpacked list: clone what is to
// outlive the request. Errors are ErrDamaged.
func (l *List) Row(i int, to *entry.List) error {
	if err := l.load(i); err != nil {
		return err
	}
	i -= l.first
	to.ExternalID, to.URL, to.Message = l.externalID.at(i), l.url.at(i), l.message.at(i)
	to.Identifiers = l.identifiers(i)
	to.Attempt = int(unzigzag(l.attempt.at(i)))
	to.DataSourceID = l.dataSource.at(i)
	to.RecordID, to.SourceID = l.recordID.at(i), l.sourceID.at(i)
	to.SkipCode, to.SkipMessage = l.skipCode.at(i), l.skipMessage.at(i)
	to.Via = entry.Via(l.via.at(i))
	to.Webhook, to.Pull, to.Transaction = l.webhookAt(i), l.pullAt(i), l.transactionAt(i)
	return nil
}

func (l *listFrame) identifiers(i int) []entry.Identifier {
	from, to := rangeOf(l.identifierEnds, i)
	if from == to {
		return nil
	}
	list := make([]entry.Identifier, to-from)
	for n := range list {
		list[n] = entry.Identifier{Key: l.keys.at(from + n), Value: l.values.at(from + n)}
	}
	return list
}

func (l *listFrame) webhookAt(i int) *entry.Webhook {
	kind := l.webhook.at(i)
	if kind == 0 {
		return nil
	}
	w := &entry.Webhook{Rejection: l.rejection.at(i)}
	if kind != webhookUnchecked {
		valid := kind == webhookValid
		w.SignatureValid = &valid
	}
	return w
}

func (l *listFrame) pullAt(i int) *entry.Pull {
	kind := l.pull.at(i)
	if kind == 0 {
		return nil
	}
	return &entry.Pull{
		Strategy: l.strategy.at(i), Full: kind&pullFull != 0,
		Pages: int(unzigzag(l.pages.at(i))), RecordsScanned: int(unzigzag(l.scanned.at(i))),
		EventCount: int(unzigzag(l.events.at(i))), CursorBefore: l.cursorBefore.at(i),
		CursorAfter: l.cursorAfter.at(i), State: l.state.at(i),
	}
}

func (l *listFrame) transactionAt(i int) *entry.Transaction {
	if l.transaction.at(i) == 0 {
		return nil
	}
	return &entry.Transaction{
		From: l.sender.at(i), To: l.receiver.at(i),
		PayloadType: l.payloadType.at(i), BusinessFlowID: l.businessFlow.at(i),
	}
}
