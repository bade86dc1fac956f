package import HeadgateProto

/// Statistics of requests as bars and for scripts.
package enum StatsPresentation {
  /// Outcomes as a bar shows them, with what tells them apart without colours.
  private static let kinds: [(name: String, block: String, ink: Ink, outcomes: Set<Outcome>)] = [
    ("accepted", "█", .green, [.accepted, .handshake]),
    ("started nothing", "▒", .yellow, [.unrouted, .duplicate, .captured, .pending, .unspecified]),
    ("refused", "░", .red, [.rejected]),
  ]

  /// A line for each bucket and the totals below, no wider than the terminal.
  package static func lines(_ response: LogStatsResponse, width: Int, isColoured: Bool) -> [String] {
    let totals = response.buckets.map { $0.outcomes.reduce(0) { $0 + $1.count } }
    guard totals.contains(where: { $0 > 0 }) else { return ["no requests match"] }
    let most = totals.max() ?? 1
    let countWidth = max(5, String(most).count)
    let times = response.buckets.map { time($0.startUs, bucketSeconds: response.bucketSeconds) }
    let timeWidth = times.map(\.count).max() ?? 0
    let right = ["P50", "P99", "LEASE P99"]
    // Between the columns there are two spaces each.
    let barWidth = max(8, width - timeWidth - countWidth - 7 - 7 - 9 - 10)
    var lines = [
      Ink.bold(
        cell("WHEN (UTC)", timeWidth, false) + "  " + cell("COUNT", countWidth, true) + "  " + cell("", barWidth, false) + "  "
          + cell(right[0], 7, true) + "  " + cell(right[1], 7, true) + "  " + right[2], on: isColoured)
    ]
    for (index, bucket) in response.buckets.enumerated() {
      var line = cell(times[index], timeWidth, false) + "  " + cell(String(totals[index]), countWidth, true) + "  "
      line += bar(bucket, most: most, width: barWidth, isColoured: isColoured)
      line += "  " + cell(duration(UInt64(bucket.processingP50Us)), 7, true)
      line += "  " + cell(duration(UInt64(bucket.processingP99Us)), 7, true)
      line += "  " + cell(duration(bucket.leaseP99Us), 9, true)
      while line.last == " " { line.removeLast() }
      lines.append(line)
    }
    lines.append("")
    lines.append(kinds.map { $0.ink($0.block, on: isColoured) + " " + $0.name }.joined(separator: "   "))
    lines.append("")
    let all = totals.reduce(0, +)
    for share in shares(response) {
      let name =
        share.outcome == .rejected && share.cause != .unspecified
        ? "rejected, \(snakeCase(share.cause))" : snakeCase(share.outcome)
      lines.append("\(cell(String(share.count), 10, true))  \(cell(percent(share.count, of: all), 6, true))  \(name)")
    }
    lines.append("\(cell(String(all), 10, true))  \(cell("", 6, true))  in all, \(bytes(response)) of bodies")
    return lines
  }

  /// All buckets together, the most frequent first.
  private static func shares(_ response: LogStatsResponse) -> [OutcomeShare] {
    var sums: [OutcomeShare] = []
    for share in response.buckets.flatMap(\.outcomes) {
      if let index = sums.firstIndex(where: { $0.outcome == share.outcome && $0.cause == share.cause }) {
        sums[index].count += share.count
      } else {
        sums.append(share)
      }
    }
    return sums.sorted { $0.count > $1.count }
  }

  private static func bar(_ bucket: LogStatsBucket, most: UInt64, width: Int, isColoured: Bool) -> String {
    var bar = ""
    var used = 0
    let counts = kinds.map { kind in bucket.outcomes.reduce(0) { kind.outcomes.contains($1.outcome) ? $0 + $1.count : $0 } }
    for (index, kind) in kinds.enumerated() where counts[index] > 0 {
      // Whatever there is shows, and leaves room for what follows.
      let reserved = counts[(index + 1)...].count { $0 > 0 }
      let wanted = Int((Double(counts[index]) / Double(most) * Double(width)).rounded())
      let length = min(max(1, wanted), width - used - reserved)
      used += length
      bar += kind.ink(String(repeating: kind.block, count: length), on: isColoured)
    }
    return bar + String(repeating: " ", count: width - used)
  }

  private static func cell(_ text: String, _ width: Int, _ isRight: Bool) -> String {
    let padding = String(repeating: " ", count: max(0, width - DisplayWidth.of(text)))
    return isRight ? padding + text : text + padding
  }

  private static func duration(_ microseconds: UInt64) -> String {
    microseconds == 0 ? "" : DurationText.text(microseconds: Int64(clamping: microseconds)).replacing(" ", with: "")
  }

  /// "2026-01-02 03:04", with seconds where buckets are that short, without a time of day where they are days.
  private static func time(_ microseconds: Int64, bucketSeconds: UInt32) -> String {
    let text = Timestamp(microseconds: microseconds).text
    if bucketSeconds.isMultiple(of: 86_400) { return String(text.prefix(10)) }
    return text.prefix(10) + " " + text.dropFirst(11).prefix(bucketSeconds.isMultiple(of: 60) ? 5 : 8)
  }

  private static func percent(_ count: UInt64, of all: UInt64) -> String {
    let tenths = Int((Double(count) / Double(max(all, 1)) * 1000).rounded())
    return "\(tenths / 10).\(tenths % 10)%"
  }

  private static func bytes(_ response: LogStatsResponse) -> String {
    ByteCountText.text(response.buckets.reduce(0) { $0 + $1.bodyBytes })
  }

  /// The form for scripts.
  package static func json(_ response: LogStatsResponse) -> JSONValue {
    [
      "bucket_seconds": .integer(response.bucketSeconds),
      "buckets": .array(
        response.buckets.map { bucket in
          [
            "start": .time(bucket.startUs),
            "count": .integer(bucket.outcomes.reduce(0) { $0 + $1.count }),
            "outcomes": .array(
              bucket.outcomes.map {
                [
                  "outcome": .string(snakeCase($0.outcome)),
                  "cause": $0.cause == .unspecified ? .null : .string(snakeCase($0.cause)),
                  "count": .integer($0.count),
                ]
              }),
            "processing_p50_us": .integer(bucket.processingP50Us), "processing_p99_us": .integer(bucket.processingP99Us),
            "lease_p50_us": bucket.leaseP50Us == 0 ? .null : .integer(bucket.leaseP50Us),
            "lease_p99_us": bucket.leaseP99Us == 0 ? .null : .integer(bucket.leaseP99Us),
            "body_bytes": .integer(bucket.bodyBytes),
          ]
        }),
    ]
  }
}

/// Numbers of bytes for people.
enum ByteCountText {
  /// "512 B", "3.4 KiB", "17.0 MiB".
  static func text(_ count: UInt64) -> String {
    var value = Double(count)
    var unit = 0
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    while value >= 1024, unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    if unit == 0 { return "\(count) B" }
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }
}
