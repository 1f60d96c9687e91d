package segment

import "sync"

// openFrames is frames, and the one of them that was unpacked last.
type openFrames struct {
	frames
	last int // -1 at first
	raw  []byte
	// asked is the frame that mayHold was asked of last, -1 at first, and held what it said.
	asked int
	held  bool
}

func openFramesOf(f frames) openFrames { return openFrames{frames: f, last: -1, asked: -1} }

// unpack gives a frame, whose bytes must not change.
func (u *openFrames) unpack(n int) ([]byte, error) {
	if n == u.last {
		return u.raw, nil
	}
	raw, err := u.list[n].unpack(nil)
	if err == nil {
		u.raw, u.last = raw, n
	}
	return raw, err
}

// buffers are for frames that nothing is read from.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// mayHold tells whether the needle may be in a text of a frame. A frame that has it is kept: its columns come next.
func (u *openFrames) mayHold(n int, needle *needle) (bool, error) {
	if n == u.asked {
		return u.held, nil
	}
	if n == u.last {
		u.asked, u.held = n, needle.in(text(u.raw))
		return u.held, nil
	}
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	raw, err := u.list[n].unpack(*buffer)
	if err != nil {
		return false, err
	}
	u.asked, u.held = n, needle.in(text(raw))
	if u.held {
		u.raw, u.last = raw, n
		*buffer = nil
	} else if u.list[n].isPacked() {
		*buffer = raw
	}
	return u.held, nil
}
