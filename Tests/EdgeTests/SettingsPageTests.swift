import FoundationEssentials
import Settings
import Testing

@testable import Edge

@Suite struct SettingsPageTests {
  /// With HEADGATE_WRITE_PAGES in the environment it writes the page.
  @Test func thePageIsWhatTheTableSays() throws {
    let page = EdgeSettings.sources.page(introduction: "What `headgate-edge` can be told.")
    let folder = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
    let file = URL(filePath: folder + "/Sources/Edge/Edge.docc/Settings.md")
    if ProcessInfo.processInfo.environment["HEADGATE_WRITE_PAGES"] != nil { try Data(page.utf8).write(to: file) }
    #expect(try String(contentsOf: file, encoding: .utf8) == page)
  }
}
