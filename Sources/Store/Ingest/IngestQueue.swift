/// What waits for a batch. Values only; the writer puts a lock around it.
struct IngestQueue {
  private let limits: IngestLimits
  private var entries = FIFO<PendingEntry>()
  private var rejections = FIFO<PendingEntry>()
  private(set) var entryBytes = 0
  private(set) var rejectionBytes = 0
  private(set) var droppedRejections: UInt64 = 0
  private(set) var isClosed = false
  /// How fast batches are committed.
  var pace: BatchPace

  init(_ limits: IngestLimits) {
    self.limits = limits
    pace = BatchPace(limits)
  }

  var entryCount: Int { entries.count }
  var rejectionCount: Int { rejections.count }
  var isEmpty: Bool { entries.isEmpty && rejections.isEmpty }

  /// Takes an entry in; the failure says why not.
  mutating func add(_ pending: PendingEntry) -> IngestFailure? {
    if isClosed { return .shutDown }
    guard entries.count < limits.queuedEntries, entryBytes + pending.byteCount <= limits.queuedBytes else { return .overloaded }
    // It would only keep those waiting who still can be answered.
    guard pace.isInTime(pending.deadline - pending.queuedAt, behind: entries.count) else { return .overloaded }
    entries.append(pending)
    entryBytes += pending.byteCount
    return nil
  }

  /// Takes a rejection in, or counts it as dropped.
  mutating func addRejection(_ pending: PendingEntry) {
    guard !isClosed, rejections.count < limits.queuedRejections,
      rejectionBytes + pending.byteCount <= limits.queuedRejectionBytes
    else {
      droppedRejections += 1
      return
    }
    rejections.append(pending)
    rejectionBytes += pending.byteCount
  }

  /// Takes nothing more.
  mutating func close() { isClosed = true }

  /// The next batch: everything that waits, up to the limits; entries first, rejections in the room that is left.
  mutating func takeBatch() -> [PendingEntry] {
    var batch: [PendingEntry] = []
    let most = pace.entries
    batch.reserveCapacity(min(entries.count + rejections.count, most))
    var bytes = 0
    func hasRoom(_ pending: PendingEntry) -> Bool {
      batch.isEmpty || (batch.count < most && bytes + pending.byteCount <= limits.batchBytes)
    }
    while let pending = entries.first, hasRoom(pending) {
      entries.removeFirst()
      entryBytes -= pending.byteCount
      bytes += pending.byteCount
      batch.append(pending)
    }
    var rejectionRoom = limits.batchRejections
    while rejectionRoom > 0, let pending = rejections.first, hasRoom(pending) {
      rejections.removeFirst()
      rejectionBytes -= pending.byteCount
      bytes += pending.byteCount
      batch.append(pending)
      rejectionRoom -= 1
    }
    return batch
  }

  /// Takes out what nobody waits for any more.
  mutating func takeOverdue(at now: ContinuousClock.Instant) -> [PendingEntry] {
    let overdue = entries.removeAll { $0.deadline <= now }
    for pending in overdue { entryBytes -= pending.byteCount }
    let overdueRejections = rejections.removeAll { $0.deadline <= now }
    for pending in overdueRejections { rejectionBytes -= pending.byteCount }
    droppedRejections += UInt64(overdueRejections.count)
    return overdue
  }

  /// Takes everything out.
  mutating func takeAll() -> [PendingEntry] {
    let all = entries.removeAll { _ in true }
    droppedRejections += UInt64(rejections.removeAll { _ in true }.count)
    (entryBytes, rejectionBytes) = (0, 0)
    return all
  }
}

/// First in, first out; both ends in constant time, taken over many operations.
struct FIFO<Element> {
  private var elements: [Element?] = []
  private var head = 0

  var count: Int { elements.count - head }
  var isEmpty: Bool { count == 0 }
  var first: Element? { isEmpty ? nil : elements[head] }

  mutating func append(_ element: Element) { elements.append(element) }

  /// Removes the first element; there must be one.
  mutating func removeFirst() {
    elements[head] = nil
    head += 1
    // The dead front goes once it is the larger part.
    if head == elements.count {
      elements.removeAll(keepingCapacity: true)
      head = 0
    } else if head > 1024, head > elements.count / 2 {
      elements.removeFirst(head)
      head = 0
    }
  }

  /// Removes and returns what fulfils the condition.
  mutating func removeAll(where condition: (Element) -> Bool) -> [Element] {
    var removed: [Element] = []
    var kept: [Element?] = []
    for case let element? in elements[head...] {
      if condition(element) { removed.append(element) } else { kept.append(element) }
    }
    guard !removed.isEmpty else { return [] }
    (elements, head) = (kept, 0)
    return removed
  }
}
