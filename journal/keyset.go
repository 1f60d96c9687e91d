package journal

// keySet is a set of hashes, which are spread evenly already. It takes 11 to 22 bytes a hash.
type keySet struct {
	// slots are open-addressed; 0 is an empty one, so the hash 0 is kept apart.
	slots   []uint64
	used    int
	hasZero bool
}

const smallestKeySet = 64

func (s *keySet) has(hash uint64) bool {
	if hash == 0 {
		return s.hasZero
	}
	if len(s.slots) == 0 {
		return false
	}
	mask := uint64(len(s.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		switch s.slots[i] {
		case hash:
			return true
		case 0:
			return false
		}
	}
}

// add tells whether the hash was not there yet.
func (s *keySet) add(hash uint64) bool {
	if hash == 0 {
		added := !s.hasZero
		s.hasZero = true
		return added
	}
	if 4*(s.used+1) > 3*len(s.slots) {
		s.resize(max(smallestKeySet, 2*len(s.slots)))
	}
	mask := uint64(len(s.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		switch s.slots[i] {
		case hash:
			return false
		case 0:
			s.slots[i] = hash
			s.used++
			return true
		}
	}
}

// reserve makes room for so many hashes at once.
func (s *keySet) reserve(n int) {
	size := max(smallestKeySet, len(s.slots))
	for 4*n > 3*size {
		size *= 2
	}
	if size > len(s.slots) {
		s.resize(size)
	}
}

func (s *keySet) resize(size int) {
	old := s.slots
	s.slots, s.used = make([]uint64, size), 0
	for _, hash := range old {
		if hash != 0 {
			s.add(hash)
		}
	}
}

// setOverhead is about what a set takes besides its slots: many tenants have small ones.
const setOverhead = 300

func (s *keySet) bytes() int64 { return int64(len(s.slots))*8 + setOverhead }
