# SPDX-License-Identifier: Apache-2.0
"""Ledgers about custody (ledger.md §5.2), for forge.py: by somebody with every key. True is good, False is not."""
import hashlib


def some_id(word):
    return hashlib.sha256(word.encode()).hexdigest()[:32]


def lines(item='i', hand='h', case='c'):
    return [f'case {some_id(case)}', f'item {some_id(item)}', f'handover {some_id(hand)}']


class Story:
    """An item and those who have to do with it: ann (all), ben and cyd (handover)."""

    def __init__(self, l, item='i', ben=('handover',), cyd=('handover',)):
        self.l, self.s = l, l.begin()
        l.enrol(self.s, 'ben', *ben)
        l.enrol(self.s, 'cyd', *cyd)
        if item:
            self.register(item)

    def register(self, item='i', by=None, result='done'):
        return self.l.add('item.register', by or self.s, f'case {some_id("c")}', f'item {some_id(item)}', f'result {result}')

    def imports(self, item='i', hand='h', result='done'):
        offer = [f'handover {some_id(hand)}'] if hand else []
        return self.l.add('import.item', self.s, *lines(item)[:2], *offer, f'result {result}')

    def offer(self, by='ann', to='ben', **what):
        taker = [f'officer {some_id(to)}'] if to else []
        return self.l.add('handover.offer', self.l.officer(by), *lines(**what), *taker)

    def answer(self, word, by, to, result=None, **what):
        more = [f'intent {to}'] + ([f'result {result}'] if result else [])
        return self.l.add(f'handover.{word}', self.l.officer(by), *lines(**what), *more)

    def recover(self, old, new, *permissions):
        self.l.add('officer.recover', 'vault', *self.l.enrolment(new, *permissions), f'replaces {some_id(old)}')

    def retire(self, word):
        self.l.add('officer.retire', self.s, f'officer {some_id(word)}')

    def tombstone(self, item='i'):
        l, line = self.l, f'item {some_id(item)}'
        l.enrol(self.s, 'dan', 'dispose')
        p = l.propose(self.s, 'ann', item)
        intent = l.add('dispose.intent', self.s, line)
        l.add('dispose.approve', l.officer('dan'), line, f'intent {p}')
        l.add('dispose.outcome', self.s, line, f'intent {intent}', 'result done')


def within(result='done', word='accept', **more):
    def tell(l):
        s = Story(l, **more)
        s.answer(word, 'ben', s.offer(), result)
        return s
    return tell


TELL = {}


def told(good, name):
    def keep(tell):
        TELL[name] = lambda l: (tell(l), good)[1]
        return tell
    return keep


for _good, _name, _tell in (
        (True, 'accepted', within()), (True, 'accepted with an exception', within('partial')),
        (True, 'refused', within('refused', 'refuse')), (False, 'accepted, and refused', within('refused')),
        (False, 'refused, and done', within('done', 'refuse')), (False, 'accepted without a result', within(None)),
        (False, 'accepted without the permission', within(ben=('view',))), (True, 'accepted with all', within(ben=('all',)))):
    told(_good, _name)(_tell)


@told(True, 'offered, open')
def _(l):
    Story(l).offer()


@told(True, 'a chain of three')
def _(l):
    s = within()(l)
    s.answer('accept', 'cyd', s.offer('ben', 'cyd', hand='h2'), 'done', hand='h2')
    s.answer('accept', 'ann', s.offer('cyd', 'ann', hand='h3'), 'done', hand='h3')


@told(False, 'offered by who gave it away')
def _(l):
    within()(l).offer(to='cyd', hand='h2')


@told(False, 'offered by the taker who refused')
def _(l):
    within('refused', 'refuse')(l).offer('ben', 'cyd', hand='h2')


@told(True, 'offered again after a refusal')
def _(l):
    within('refused', 'refuse')(l).offer(hand='h2')


@told(False, 'the same hand-over again')
def _(l):
    within('refused', 'refuse')(l).offer()


@told(False, 'offered to oneself')
def _(l):
    Story(l).offer(to='ann')


@told(False, 'two open offers')
def _(l):
    s = Story(l)
    s.offer()
    s.offer(to='cyd', hand='h2')


@told(True, 'two items in a hand-over')
def _(l):
    s = Story(l)
    s.register('j')
    a, b = s.offer(), s.offer(item='j')
    s.answer('accept', 'ben', a, 'done')
    s.answer('refuse', 'ben', b, 'refused', item='j')


@told(False, 'two items to two takers in a hand-over')
def _(l):
    s = Story(l)
    s.register('j')
    s.offer()
    s.offer(to='cyd', item='j')


@told(False, 'two givers in a hand-over')
def _(l):
    s = within()(l)
    s.register('j')
    s.offer('ben', 'cyd', hand='h2')
    s.offer('ann', 'cyd', hand='h2', item='j')


@told(False, 'offered by another')
def _(l):
    Story(l).offer('ben', 'cyd')


@told(False, 'offered by one with manage while the holder is there')
def _(l):
    Story(l, ben=('handover', 'manage')).offer('ben', 'cyd')


@told(False, 'offered without a case')
def _(l):
    s = Story(l)
    l.add('handover.offer', l.officer('ann'), *lines()[1:], f'officer {some_id("ben")}')


@told(False, 'offered without a hand-over')
def _(l):
    s = Story(l)
    l.add('handover.offer', l.officer('ann'), *lines()[:2], f'officer {some_id("ben")}')


@told(False, 'offered by a session')
def _(l):
    s = Story(l)
    l.add('handover.offer', s.s, *lines(), f'officer {some_id("ben")}')


@told(False, 'offered with a result')
def _(l):
    s = Story(l)
    l.add('handover.offer', l.officer('ann'), *lines(), 'result done', f'officer {some_id("ben")}')


@told(False, 'offered in another case')
def _(l):
    Story(l).offer(case='d')


@told(False, 'a receipt in another case')
def _(l):
    s = Story(l)
    s.answer('receipt', 'ann', s.offer(to=None), 'done', case='d')


@told(False, 'an item that nobody has')
def _(l):
    Story(l, item=None).offer()


@told(False, 'an item whose registering failed')
def _(l):
    s = Story(l, item=None)
    s.register(result='failed')
    s.offer()


@told(False, 'to nobody')
def _(l):
    Story(l).offer(to='dan')


@told(False, 'accepted by another')
def _(l):
    s = Story(l)
    s.answer('accept', 'cyd', s.offer(), 'done')


@told(False, 'refused by another')
def _(l):
    s = Story(l)
    s.answer('refuse', 'cyd', s.offer(), 'refused')


@told(False, 'accepted twice')
def _(l):
    s = Story(l)
    o = s.offer()
    s.answer('accept', 'ben', o, 'done')
    s.answer('accept', 'ben', o, 'done')


@told(False, 'accepted after it was withdrawn')
def _(l):
    s = Story(l)
    o = s.offer()
    s.answer('withdraw', 'ann', o)
    s.answer('accept', 'ben', o, 'done')


@told(True, 'withdrawn')
def _(l):
    s = Story(l)
    s.answer('withdraw', 'ann', s.offer())


@told(False, 'withdrawn by the taker')
def _(l):
    s = Story(l)
    s.answer('withdraw', 'ben', s.offer())


@told(False, 'withdrawn after it was accepted')
def _(l):
    s = Story(l)
    o = s.offer()
    s.answer('accept', 'ben', o, 'done')
    s.answer('withdraw', 'ann', o)


@told(False, 'withdrawn with a result')
def _(l):
    s = Story(l)
    s.answer('withdraw', 'ann', s.offer(), 'done')


@told(False, 'accepted for another item')
def _(l):
    s = Story(l)
    s.register('j')
    s.answer('accept', 'ben', s.offer(), 'done', item='j')


@told(False, 'accepted under another id')
def _(l):
    s = Story(l)
    s.answer('accept', 'ben', s.offer(), 'done', hand='h2')


@told(False, 'accepted, and nothing was offered')
def _(l):
    s = Story(l)
    i = l.add('view.items', s.s)
    s.answer('accept', 'ben', i, 'done')


@told(False, 'an event that there is not')
def _(l):
    s = Story(l)
    s.answer('lend', 'ben', s.offer(), 'done')


@told(False, 'registered twice')
def _(l):
    Story(l).register()


@told(False, 'imported over what is held here')
def _(l):
    Story(l).imports()


# ---- officers who leave ----

@told(True, 'the holder retired, and one with manage offers')
def _(l):
    s = within()(l)
    s.retire('ben')
    s.answer('accept', 'cyd', s.offer('ann', 'cyd', hand='h2'), 'done', hand='h2')


@told(False, 'the holder retired, and one without manage offers')
def _(l):
    s = within()(l)
    l.enrol(s.s, 'dan', 'handover')
    s.retire('ben')
    s.offer('cyd', 'dan', hand='h2')


@told(False, 'the holder retired, and one with manage offers to themself')
def _(l):
    s = within()(l)
    s.retire('ben')
    s.offer('ann', 'ann', hand='h2')


@told(False, 'the holder retired, and two with manage offer')
def _(l):
    s = within()(l)
    s.register('j')
    s.answer('accept', 'ben', s.offer(item='j', hand='h5'), 'done', item='j', hand='h5')
    l.enrol(s.s, 'dan', 'handover', 'manage')
    s.retire('ben')
    s.offer('ann', 'cyd', hand='h2')
    s.offer('dan', 'cyd', item='j', hand='h2')


@told(True, 'the holder was replaced, and the new one offers')
def _(l):
    s = within()(l)
    s.recover('ben', 'dan', 'handover')
    s.offer('dan', 'cyd', hand='h2')


@told(False, 'the holder was replaced, and one with manage offers')
def _(l):
    s = within()(l)
    s.recover('ben', 'dan', 'handover')
    s.offer('ann', 'cyd', hand='h2')


@told(True, 'the taker was replaced, and the new one accepts')
def _(l):
    s = Story(l)
    o = s.offer()
    s.recover('ben', 'dan', 'handover')
    s.answer('accept', 'dan', o, 'done')


@told(True, 'the holder retired, and one with manage withdraws')
def _(l):
    s = within()(l)
    o = s.offer('ben', 'cyd', hand='h2')
    s.retire('ben')
    s.answer('withdraw', 'ann', o, hand='h2')


# ---- to and from other vaults ----

@told(True, 'to outside, with a receipt')
def _(l):
    s = Story(l)
    s.answer('receipt', 'ben', s.offer(to=None), 'done')


@told(True, 'to outside, refused there, offered again')
def _(l):
    s = Story(l)
    s.answer('receipt', 'ben', s.offer(to=None), 'refused')
    s.offer(hand='h2')


@told(True, 'to outside, withdrawn')
def _(l):
    s = Story(l)
    s.answer('withdraw', 'ann', s.offer(to=None))


@told(False, 'to outside, withdrawn after the receipt')
def _(l):
    s = Story(l)
    o = s.offer(to=None)
    s.answer('receipt', 'ann', o, 'partial')
    s.answer('withdraw', 'ann', o)


@told(False, 'to outside, and offered after the receipt')
def _(l):
    s = Story(l)
    s.answer('receipt', 'ann', s.offer(to=None), 'done')
    s.offer(hand='h2')


@told(False, 'to outside, and accepted here')
def _(l):
    s = Story(l)
    s.answer('accept', 'ben', s.offer(to=None), 'done')


@told(False, 'in the vault, with a receipt')
def _(l):
    s = Story(l)
    s.answer('receipt', 'ben', s.offer(), 'done')


@told(False, 'to outside, with a confirmation')
def _(l):
    s = Story(l)
    o = s.offer(to=None)
    s.answer('confirm', 'ann', s.answer('receipt', 'ann', o, 'done'), 'done')


def from_outside(l, answer='accept', result='done', confirm='done'):
    s = Story(l, item=None)
    a = s.answer(answer, 'ben', s.imports(), result)
    if confirm:
        s.answer('confirm', 'cyd', a, confirm)
    return s


for _good, _name, _words in (
        (True, 'from outside, confirmed', ()), (True, 'from outside, not confirmed yet', ('accept', 'done', None)),
        (True, 'from outside, and did not pass', ('accept', 'partial', 'refused')),
        (True, 'from outside, refused', ('refuse', 'refused', 'refused')),
        (False, 'from outside, refused and passed', ('refuse', 'refused', 'done')),
        (False, 'from outside, confirmed in part', ('accept', 'done', 'partial'))):
    told(_good, _name)(lambda l, w=_words: from_outside(l, *w))


@told(True, 'from outside, offered on')
def _(l):
    from_outside(l).offer('ben', 'cyd', hand='h2')


@told(False, 'from outside, offered on before the confirmation')
def _(l):
    from_outside(l, confirm=None).offer('ben', 'cyd', hand='h2')


@told(False, 'from outside, offered on though it did not pass')
def _(l):
    from_outside(l, confirm='refused').offer('ben', 'cyd', hand='h2')


@told(False, 'from outside, offered on by who confirmed')
def _(l):
    from_outside(l).offer('cyd', 'ann', hand='h2')


@told(False, 'from outside, confirmed twice')
def _(l):
    s = Story(l, item=None)
    a = s.answer('accept', 'ben', s.imports(), 'done')
    s.answer('confirm', 'cyd', a, 'done')
    s.answer('confirm', 'cyd', a, 'done')


@told(False, 'from outside without an offer, accepted')
def _(l):
    s = Story(l, item=None)
    s.answer('accept', 'ben', s.imports(hand=None), 'done')


@told(False, 'from outside without an offer, offered on')
def _(l):
    s = Story(l, item=None)
    s.imports(hand=None)
    s.offer()


@told(False, 'from outside, withdrawn')
def _(l):
    s = Story(l, item=None)
    s.answer('withdraw', 'ann', s.imports())


@told(False, 'from outside, with a receipt')
def _(l):
    s = Story(l, item=None)
    s.answer('receipt', 'ann', s.imports(), 'done')


@told(False, 'from outside, and the import confirmed')
def _(l):
    s = Story(l, item=None)
    s.answer('confirm', 'ann', s.imports(), 'done')


@told(True, 'from outside twice, refused the first time')
def _(l):
    s = Story(l, item=None)
    s.answer('refuse', 'ben', s.imports(), 'refused')
    s.imports(hand='h2')


@told(False, 'from outside twice, not confirmed the first time')
def _(l):
    s = Story(l, item=None)
    s.answer('accept', 'ben', s.imports(), 'done')
    s.imports(hand='h2')


@told(True, 'there and back')
def _(l):
    s = Story(l)
    s.answer('receipt', 'ann', s.offer(to=None), 'done')
    s.answer('confirm', 'ann', s.answer('accept', 'ben', s.imports(hand='h2'), 'done', hand='h2'), 'done', hand='h2')
    s.offer('ben', 'cyd', hand='h3')


@told(False, 'back before it went')
def _(l):
    s = Story(l)
    s.offer(to=None)
    s.imports(hand='h2')


@told(False, 'back without an offer')
def _(l):
    s = Story(l)
    s.answer('receipt', 'ann', s.offer(to=None), 'done')
    s.imports(hand=None)


# ---- the end ----

@told(True, 'disposed of')
def _(l):
    Story(l).tombstone()


@told(False, 'offered after its end')
def _(l):
    s = Story(l)
    s.tombstone()
    s.offer()


@told(False, 'accepted after its end')
def _(l):
    s = Story(l)
    o = s.offer()
    s.tombstone()
    s.answer('accept', 'ben', o, 'done')


@told(False, 'registered after its end')
def _(l):
    s = Story(l)
    s.tombstone()
    s.register()


@told(False, 'back after its end')
def _(l):
    s = Story(l)
    s.answer('receipt', 'ann', s.offer(to=None), 'done')
    s.tombstone()
    s.imports(hand='h2')
