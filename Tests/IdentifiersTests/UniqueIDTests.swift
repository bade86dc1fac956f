import Identifiers
import Testing

@Suite struct UniqueIDTests {
  @Test(arguments: [
    "", "0", "01890a5d-ac96-774b-bcce-b302099a805", "01890a5d-ac96-774b-bcce-b302099a80577", "01890a5dac96774bbcceb302099a8057",
    "01890a5d-ac96-774b-bcce-b302099a805g", "01890a5d_ac96-774b-bcce-b302099a8057", "{1890a5d-ac96-774b-bcce-b302099a8057}",
    "０1890a5d-ac96-774b-bcce-b302099a8",
  ])
  func refuses(text: String) {
    #expect(UniqueID(text) == nil)
  }

  @Test(arguments: [0, 1, 15, 17, 32])
  func refusesOtherCountsOfBytes(count: Int) {
    #expect(UniqueID(bytes: [UInt8](repeating: 1, count: count)) == nil)
  }

  /// The example of RFC 9562, appendix A.6.
  @Test func readsAndPrintsTheExampleOfTheRFC() throws {
    let id = try #require(UniqueID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"))
    #expect(id.description == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
    #expect(id.version == 7)
    #expect(id.unixMilliseconds == 1_645_557_742_000)
    #expect(UniqueID(bytes: id.bytes) == id)
  }

  @Test func ordersAsItsTextDoes() {
    let ids = (0..<200).map { _ in UniqueID.random() }
    #expect(ids.sorted().map(\.description) == ids.map(\.description).sorted())
    #expect(Set(ids).count == 200)
    #expect(ids.allSatisfy { $0.version == 4 && $0.low >> 62 == 0b10 })
  }
}

@Suite struct RequestIDGeneratorTests {
  @Test func growsWithinAMillisecondAndWhenTheClockStepsBack() {
    let generator = RequestIDGenerator()
    var times: [Int64] = [1_000, 1_000, 999, 0, 1_001, 1_001]
    times += [Int64](repeating: 1_002, count: 10_000)
    let ids = times.map { generator.next(unixMilliseconds: $0) }
    #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 })
    #expect(ids.allSatisfy { $0.version == 7 && $0.low >> 62 == 0b10 })
    #expect(ids[0].unixMilliseconds == 1_000)
    #expect(ids[4].unixMilliseconds == 1_001)
  }

  @Test func aClockThatIsSetBackIsFollowed() {
    let generator = RequestIDGenerator()
    let times: [Int64] = [3_600_000, 3_590_000, 3_589_999, 3_589_999, 3_600_001]
    #expect(
      times.map { generator.next(unixMilliseconds: $0).unixMilliseconds } == [
        3_600_000, 3_600_000, 3_589_999, 3_589_999, 3_600_001,
      ])
  }

  @Test func isUniqueAcrossThreads() async {
    let generator = RequestIDGenerator()
    let ids = await withTaskGroup(of: [UniqueID].self) { group in
      for _ in 0..<8 {
        group.addTask { (0..<5_000).map { _ in generator.next(unixMilliseconds: 5) } }
      }
      return await group.reduce(into: Set<UniqueID>()) { $0.formUnion($1) }
    }
    #expect(ids.count == 40_000)
  }
}

@Suite struct TriggerKeyTests {
  @Test(arguments: [
    "", "wh_", "wh_abc", "WH_aaaaaaaaaaaaaaaaaaaaaaaaaa", "wh_aaaaaaaaaaaaaaaaaaaaaaaaa1", "wh_aaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "wh_aaaaaaaaaaaaaaaaaaaaaaaaaA", "wh_aaaaaaaaaaaaaaaaaaaaaaaaa/",
  ])
  func refuses(key: String) {
    #expect(!TriggerKey.isWellFormed(Array(key.utf8)))
  }

  @Test func generatesDistinctWellFormedKeys() {
    let keys = (0..<1_000).map { _ in TriggerKey.generate() }
    #expect(keys.allSatisfy { TriggerKey.isWellFormed(Array($0.utf8)) })
    #expect(Set(keys).count == 1_000)
    // Every digit varies: none of the 128 bits is fixed but the two that fill up the last digit.
    for position in 3..<28 {
      #expect(Set(keys.map { Array($0.utf8)[position] }).count > 20)
    }
  }
}
