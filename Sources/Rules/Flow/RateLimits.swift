internal import JSON

/// How often a trigger may be called, at each edge node.
package struct RateLimits: Hashable, Sendable {
  /// A bucket of `burst` requests that fills up at `perMinute`.
  package struct Rate: Hashable, Sendable {
    /// Requests that may come in a minute, on average.
    package var perMinute: Int
    /// Requests that may come at once.
    package var burst: Int

    /// Makes a rate.
    package init(perMinute: Int, burst: Int) {
      self.perMinute = perMinute
      self.burst = burst
    }

    /// What may come at once when nothing is said of it: what may come in ten seconds, at least one.
    static func defaultBurst(perMinute: Int) -> Int { max(1, perMinute / 6) }

    /// What `per_minute` can be.
    package static let perMinuteRange = 1...6_000_000
    /// What `burst` can be.
    package static let burstRange = 1...1_000_000
  }

  /// Of all callers together; `nil`: no limit.
  package var total: Rate?
  /// Of each client address; `nil`: no limit.
  package var perSource: Rate?

  /// Makes limits.
  package init(total: Rate? = nil, perSource: Rate? = nil) {
    self.total = total
    self.perSource = perSource
  }

  /// Reads `rate_limit: {per_minute, burst, per_source: {per_minute, burst}}`.
  static func parse(_ json: JSONValue, at path: String, faults: inout [ConfigurationFault]) -> RateLimits? {
    let known = ["per_minute", "burst", "per_source"]
    guard let fields = FieldReader(json, at: path, known: known, faults: &faults) else { return nil }
    var limits = RateLimits()
    limits.total = rate(fields, isRequired: fields.value("per_source") == nil, faults: &faults)
    if let inner = fields.value("per_source") {
      let inside = FieldReader(inner, at: fields.path("per_source"), known: ["per_minute", "burst"], faults: &faults)
      limits.perSource = inside.flatMap { rate($0, isRequired: true, faults: &faults) }
    }
    return limits
  }

  private static func rate(_ fields: FieldReader, isRequired: Bool, faults: inout [ConfigurationFault]) -> Rate? {
    guard fields.value("per_minute") != nil else {
      if isRequired || fields.value("burst") != nil {
        faults.append(fields.fault("per_minute", .required, "The field must be there: requests per minute."))
      }
      return nil
    }
    let burst = fields.integer("burst", in: Rate.burstRange, faults: &faults)
    guard let perMinute = fields.integer("per_minute", in: Rate.perMinuteRange, faults: &faults) else { return nil }
    return Rate(perMinute: perMinute, burst: burst ?? Rate.defaultBurst(perMinute: perMinute))
  }

  func writeCanonical(to writer: inout JSONWriter) {
    writer.beginObject()
    if let total { Self.write(total, to: &writer) }
    if let perSource {
      writer.key("per_source")
      writer.beginObject()
      Self.write(perSource, to: &writer)
      writer.endObject()
    }
    writer.endObject()
  }

  private static func write(_ rate: Rate, to writer: inout JSONWriter) {
    writer.key("per_minute")
    writer.integer(rate.perMinute)
    writer.key("burst")
    writer.integer(rate.burst)
  }
}
