import Addresses
import HeadgateProto
import Identifiers
import JSON
import Postgres
import Store

/// A `QueryLogsRequest` whose fields were checked; trigger and flow are still to be found.
struct LogFilter: Sendable {
  private let trigger: String
  private let flow: String
  private var filter: RequestFilter

  /// Checks the fields of a filter; paging is the caller's.
  ///
  /// - Parameter prefix: of the faults' paths, such as "filter.".
  init(_ request: QueryLogsRequest, prefix: String = "", _ checks: inout RequestChecks) {
    trigger = request.trigger
    flow = request.flow
    filter = RequestFilter()
    checks.optional(request.trigger, prefix + "trigger")
    checks.optional(request.flow, prefix + "flow")
    for (path, count) in [("outcomes", request.outcomes.count), ("causes", request.causes.count)]
    where count > RequestLimits.values {
      checks.fault(prefix + path, "too_many", "\(prefix)\(path) must be at most \(RequestLimits.values)")
    }
    for (index, outcome) in request.outcomes.enumerated() where outcome == .unspecified {
      checks.fault("\(prefix)outcomes[\(index)]", "invalid_value", "\(prefix)outcomes[\(index)] is not an outcome")
    }
    for (index, cause) in request.causes.enumerated() where cause == .unspecified {
      checks.fault("\(prefix)causes[\(index)]", "invalid_value", "\(prefix)causes[\(index)] is not a cause")
    }
    filter.outcomes = request.outcomes.map { Int16(clamping: $0.rawValue) }
    filter.causes = request.causes.map { Int16(clamping: $0.rawValue) }
    if request.status != 0, !(100...599).contains(request.status) {
      checks.fault(prefix + "status", "out_of_range", "\(prefix)status must be from 100 to 599")
    }
    filter.status = request.status == 0 ? nil : Int16(clamping: request.status)
    if let event = request.event, event.count > LogLimits.eventBytes {
      checks.fault(prefix + "event", "too_long", "\(prefix)event must be at most \(LogLimits.eventBytes) bytes")
    }
    filter.event = request.event
    if !request.address.isEmpty {
      if let block = CIDRBlock(request.address) {
        filter.address = RequestFilter.AddressBlock(address: block.base.bytes, prefixLength: block.prefixLength)
      } else {
        checks.fault(prefix + "address", "invalid_value", "\(prefix)address must be an IP address or a CIDR block")
      }
    }
    checkTimes(request, prefix, &checks)
    checkParties(request, prefix, &checks)
    checkBody(request, prefix, &checks)
  }

  private mutating func checkTimes(_ request: QueryLogsRequest, _ prefix: String, _ checks: inout RequestChecks) {
    for (path, time) in [("since_us", request.sinceUs), ("until_us", request.untilUs)]
    where !LogLimits.timeUs.contains(time) {
      checks.fault(prefix + path, "out_of_range", "\(prefix)\(path) must be from the years 1970 to 9999")
    }
    if request.sinceUs > 0, request.untilUs > 0, request.sinceUs >= request.untilUs {
      checks.fault(prefix + "until_us", "conflict", "\(prefix)until_us must be after since_us")
    }
    filter.since = request.sinceUs == 0 ? nil : UnixTime(microseconds: request.sinceUs)
    filter.until = request.untilUs == 0 ? nil : UnixTime(microseconds: request.untilUs)
  }

  private mutating func checkParties(_ request: QueryLogsRequest, _ prefix: String, _ checks: inout RequestChecks) {
    if request.deliveryId.count > LogLimits.deliveryBytes {
      checks.fault(
        prefix + "delivery_id", "too_long", "\(prefix)delivery_id must be at most \(LogLimits.deliveryBytes) bytes")
    }
    filter.deliveryID = request.deliveryId.isEmpty ? nil : request.deliveryId
    if !request.customer.isEmpty { filter.customer = checks.identifier(request.customer, prefix + "customer") }
    if !request.chat.isEmpty { filter.chat = checks.identifier(request.chat, prefix + "chat") }
  }

  private mutating func checkBody(_ request: QueryLogsRequest, _ prefix: String, _ checks: inout RequestChecks) {
    if !request.bodyText.isEmpty {
      if request.bodyText.utf8.count < LogLimits.textBytes.lowerBound {
        checks.fault(
          prefix + "body_text", "too_short", "\(prefix)body_text must be at least \(LogLimits.textBytes.lowerBound) bytes")
      }
      checks.optional(request.bodyText, prefix + "body_text", atMost: LogLimits.textBytes.upperBound)
      filter.bodyText = request.bodyText
    }
    if !request.bodyJson.isEmpty {
      if request.bodyJson.count > LogLimits.jsonBytes {
        checks.fault(prefix + "body_json", "too_long", "\(prefix)body_json must be at most \(LogLimits.jsonBytes) bytes")
      } else if (try? JSONDocument(request.bodyJson)) == nil {
        checks.fault(prefix + "body_json", "invalid_value", "\(prefix)body_json must be JSON")
      }
      filter.bodyJSON = request.bodyJson
    }
  }

  /// The filter with trigger and flow found.
  ///
  /// - Throws: `notFound`. What was deleted is found by its id only.
  func resolved(by references: ObjectReferences, in workspace: UniqueID) async throws(RPCError) -> RequestFilter {
    var filter = filter
    if !trigger.isEmpty {
      filter.trigger =
        if let id = UniqueID(trigger) { id } else { try await references.trigger(trigger, in: workspace).id }
    }
    if !flow.isEmpty {
      filter.flow = if let id = UniqueID(flow) { id } else { try await references.flow(flow, in: workspace).id }
    }
    return filter
  }
}

/// Limits of `LogService`'s fields, and how its streams behave.
enum LogLimits {
  static let standardPage: UInt32 = 50
  static let eventBytes = 1024
  static let deliveryBytes = 256
  /// Of a text to look for; fewer have no trigram.
  static let textBytes = 3...512
  static let jsonBytes = 4096
  /// Microseconds since 1970 UTC: to the end of the year 9999. PostgreSQL's times end later.
  static let timeUs: ClosedRange<Int64> = 0...253_402_300_799_999_999
  /// Runs that one request is shown with.
  static let runs = 100
  /// After which a page comes as full as it is, so that every page comes within 50 ms.
  static let queryTime = Duration.milliseconds(30)
  /// Requests that an export or a tail reads at a time.
  static let chunk = 200
  static let exportChunkTime = Duration.seconds(5)
  static let statisticsTime = Duration.seconds(86_400)
  static let bucketSeconds: ClosedRange<UInt32> = 1...(31 * 86_400)
  static let buckets = 2000
  /// About how many there are when the caller does not say how long they are.
  static let standardBuckets: Int64 = 24
}
