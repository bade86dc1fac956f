import FoundationEssentials
import Identifiers
import Postgres
import Rules
import Testing
import TestSupport

@testable import Store

/// How many requests with a run each are committed in a second, by what they claim and bind: the group commit alone, without
/// sockets and rules. `HEADGATE_MEASURE=1 swift test --filter IngestMeasurement`; `-c release -Xswiftc -enable-testing` for
/// figures that mean something beyond their ratios.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["HEADGATE_MEASURE"] != nil))
struct IngestMeasurement {
  enum Kind: String, CaseIterable {
    case plain
    case claimed
    case knownCustomer = "known customer"
    case newCustomer = "new customer"
    case newCustomerAndChat = "new customer and chat"
  }

  private static let knownCustomers = 5000
  private static let rounds = 5
  private static let perRound = 6000

  @Test(arguments: [64, 512]) func throughput(inFlight: Int) async throws {
    try await withWriter { _, writer, fixture, _ in
      for number in 0..<Self.knownCustomers where number % 500 == 0 {
        _ = await writer.submitAll((number..<number + 500).map { Self.entry(.knownCustomer, $0, fixture) })
      }
      var rates: [Kind: [Double]] = [:]
      var number = 1_000_000
      // In turn, so that drift hits all alike; the first round warms up.
      for round in 0...Self.rounds {
        for kind in Kind.allCases {
          let first = number
          number += Self.perRound
          let start = ContinuousClock.now
          await withTaskGroup(of: Void.self) { group in
            for task in 0..<inFlight {
              group.addTask {
                for index in stride(from: first + task, to: first + Self.perRound, by: inFlight) {
                  let result = await writer.submit(Self.entry(kind, index, fixture))
                  #expect(result == .success(.recorded))
                }
              }
            }
          }
          if round > 0 { rates[kind, default: []].append(Double(Self.perRound) / ((.now - start) / .seconds(1))) }
        }
      }
      let medians = rates.mapValues { $0.sorted()[$0.count / 2] }
      let plain = medians[.plain] ?? 1
      for kind in Kind.allCases {
        let rate = medians[kind] ?? 0
        print("\(inFlight) in flight, \(kind.rawValue): \(Int(rate))/s, \(Int((100 * rate / plain).rounded())) %")
      }
    }
  }

  private static let body =
    Array(#"{"event":"paid","pad":""#.utf8) + Array(repeating: UInt8(ascii: "x"), count: 1000) + Array(#""}"#.utf8)

  private static func entry(_ kind: Kind, _ number: Int, _ fixture: Fixture) -> IngestEntry {
    var entry = fixture.entry(body: body)
    let customer = kind == .knownCustomer ? number % knownCustomers : number
    let phone = "+55119\(80_000_000 + customer % 10_000_000)"
    func field(_ kind: ContactKind, _ value: String, isKey: Bool) -> BindingRequest.Field {
      BindingRequest.Field(kind: kind, isKey: isKey, original: Array(value.utf8), value: value)
    }
    switch kind {
    case .plain: break
    case .claimed:
      entry.parts[0].claim = DeliveryClaim(
        trigger: fixture.trigger, deliveryID: Array("delivery-\(number)".utf8), window: .seconds(7 * 86_400))
    case .knownCustomer, .newCustomer, .newCustomerAndChat:
      var request = BindingRequest(customer: [
        field(.email, "customer-\(customer)@example.com", isKey: true), field(.phone, phone, isKey: true),
        field(.name, "Customer \(customer)", isKey: false),
      ])
      if kind == .newCustomerAndChat {
        request.chat = BindingRequest.Chat(channel: .whatsapp, contact: field(.whatsapp, phone, isKey: true))
      }
      entry.parts[0].binding = request
    }
    return entry
  }
}
