/// Limits of the group commit.
package struct IngestLimits: Sendable {
  /// Connections that write batches, each with a thread of its own.
  package var lanes: Int
  /// A batch takes at most so many entries.
  package var batchEntries: Int
  /// A batch takes at most so many bytes, but at least one entry.
  package var batchBytes: Int
  /// A batch takes fewer entries where they would take longer than this.
  package var batchTime: Duration
  /// Entries waiting for a batch; more are refused with `.overloaded`.
  package var queuedEntries: Int
  /// Bytes waiting for a batch; more are refused with `.overloaded`.
  package var queuedBytes: Int
  /// Rejections waiting for a batch; more are dropped and counted.
  package var queuedRejections: Int
  /// Bytes of rejections waiting for a batch; more are dropped and counted.
  package var queuedRejectionBytes: Int
  /// A batch takes at most so many rejections.
  package var batchRejections: Int
  /// How long a rejection is kept while PostgreSQL is away.
  package var rejectionPatience: Duration
  /// A request whose day has no partition gets one if it is at most so many days from now; else it is refused.
  package var partitionDays: Int

  /// Makes limits with the defaults.
  package init(
    lanes: Int = 1, batchEntries: Int = 512, batchBytes: Int = 8 << 20, batchTime: Duration = .milliseconds(200),
    queuedEntries: Int = 8192, queuedBytes: Int = 64 << 20, queuedRejections: Int = 4096, queuedRejectionBytes: Int = 16 << 20,
    batchRejections: Int = 128,
    rejectionPatience: Duration = .seconds(60), partitionDays: Int = 7
  ) {
    self.lanes = lanes
    self.batchEntries = batchEntries
    self.batchBytes = batchBytes
    self.batchTime = batchTime
    self.queuedEntries = queuedEntries
    self.queuedBytes = queuedBytes
    self.queuedRejections = queuedRejections
    self.queuedRejectionBytes = queuedRejectionBytes
    self.batchRejections = batchRejections
    self.rejectionPatience = rejectionPatience
    self.partitionDays = partitionDays
  }
}
