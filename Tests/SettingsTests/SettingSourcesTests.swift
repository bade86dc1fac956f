import Configuration
import FoundationEssentials
import Glibc
import Settings
import Testing

@Suite struct SettingSourcesTests {
  static let config = Setting("config", .text(hint: "FILE"), "A file.")
  static let listen = Setting("listenAddress", .text(hint: "ADDRESS"), standard: "127.0.0.1:1", "Where.")
  static let count = Setting("maxCount", .number(1...10), standard: "5", "How many.")
  static let loud = Setting("loud", .toggle, standard: "false", "Whether.")
  static let sources = SettingSources(
    program: "headgate-test", environmentPrefix: "HEADGATE_TEST", table: [config, listen, count, loud], configurationFile: config)

  @Test(arguments: [
    (["--liten-address", "x"], "--liten-address: is not known; --help lists every flag"),
    (["stray"], "stray: is not a flag"),
    (["--max-count"], "--max-count: needs a value"),
    (["--max-count", "1", "--max-count=2"], "--max-count: is given twice"),
    (["--config", "/nonexistent/file.json"], "--config: /nonexistent/file.json cannot be read as JSON"),
  ])
  func refuses(flags: [String], fault: String) {
    #expect(throws: SettingFaults.self) { try Self.sources.reader(flags: flags, environment: [:]) }
    do { _ = try Self.sources.reader(flags: flags, environment: [:]) } catch { #expect("\(error)" == fault) }
  }

  @Test(arguments: [
    ("[1]", "cannot be read as JSON"), ("{", "cannot be read as JSON"), ("", "cannot be read as JSON"),
    (#"{"maxCuont": 3}"#, ": maxCuont is not known; --help lists every setting"),
    (#"{"loud": null}"#, ": loud must be a text, a number, true or false"),
    (#"{"listenAddress": ["a"]}"#, ": listenAddress must be a text, a number, true or false"),
    (#"{"loud": true, "loud": false}"#, ": loud is given twice"),
  ])
  func aFileThatIsNoneSaysWhy(text: String, fault: String) throws {
    let path = try Self.file(text)
    defer { unlink(path) }
    do {
      _ = try Self.sources.reader(flags: ["--config", path], environment: [:])
      Issue.record("\(text) was taken")
    } catch {
      #expect("\(error)".hasPrefix("--config: \(path)"))
      #expect("\(error)".hasSuffix(fault))
    }
  }

  @Test func theFileComesAfterFlagsAndEnvironment() throws {
    let path = try Self.file(#"{"listenAddress": "from the file", "maxCount": 3, "loud": true}"#)
    defer { unlink(path) }
    let reader = try Self.sources.reader(
      flags: ["--listen-address", "a flag"], environment: ["HEADGATE_TEST_CONFIG": path, "HEADGATE_TEST_MAX_COUNT": "7"])
    var settings = SettingReader(reader)
    let (listen, count, loud) = (settings.text(Self.listen), settings.number(Self.count), settings.toggle(Self.loud))
    #expect(listen == "a flag")
    #expect(count == 7)
    #expect(loud)
    #expect(settings.faults.isEmpty)
  }

  /// A number may stand for a text, and a text for a number: a file is written by people.
  @Test func aFileMayQuoteItsNumbers() throws {
    let path = try Self.file(#"{"listenAddress": 8080, "maxCount": "4", "loud": "yes"}"#)
    defer { unlink(path) }
    var settings = SettingReader(try Self.sources.reader(flags: ["--config=\(path)"], environment: [:]))
    let (listen, count, loud) = (settings.text(Self.listen), settings.number(Self.count), settings.toggle(Self.loud))
    #expect(listen == "8080")
    #expect(count == 4)
    #expect(loud)
  }

  private static func file(_ text: String) throws -> String {
    let path = FileManager.default.temporaryDirectory.appending(path: "headgate-settings-\(UUID()).json").path()
    try Data(text.utf8).write(to: URL(filePath: path))
    return path
  }

  @Test(arguments: ["0", "11", "many", "", "5.5"])
  func namesTheFlagOfAValueOutOfBounds(value: String) throws {
    let reader = try Self.sources.reader(flags: [], environment: ["HEADGATE_TEST_MAX_COUNT": value])
    var settings = SettingReader(reader)
    _ = settings.number(Self.count)
    #expect(settings.faults == [SettingFault(flag: "--max-count", message: "must be a whole number from 1 to 10")])
  }

  @Test func flagsWinOverTheEnvironmentAndThatOverTheDefault() throws {
    let environment = ["HEADGATE_TEST_LISTEN_ADDRESS": "b", "HEADGATE_TEST_MAX_COUNT": "7"]
    let reader = try Self.sources.reader(flags: ["--listen-address", "a", "--loud"], environment: environment)
    var settings = SettingReader(reader)
    let (listen, count, loud) = (settings.text(Self.listen), settings.number(Self.count), settings.toggle(Self.loud))
    #expect(listen == "a")
    #expect(count == 7)
    #expect(loud)
    #expect(settings.faults.isEmpty)
    #expect(settings.values.map(\.value) == ["a", "7", "true"])
  }

  @Test(arguments: ["host=a,b port=1,2", "a=b", "", "x y"])
  func aValueIsTakenAsItIs(value: String) throws {
    for flags in [["--listen-address", value], ["--listen-address=\(value)"]] {
      var settings = SettingReader(try Self.sources.reader(flags: flags, environment: [:]))
      let read = settings.text(Self.listen)
      #expect(read == value)
    }
    var settings = SettingReader(try Self.sources.reader(flags: [], environment: ["HEADGATE_TEST_LISTEN_ADDRESS": value]))
    let read = settings.text(Self.listen)
    #expect(read == value)
  }

  @Test func helpNamesFlagDefaultAndVariable() {
    let help = Self.sources.help()
    #expect(help.contains("--listen-address ADDRESS"))
    #expect(help.contains("Default: 127.0.0.1:1."))
    #expect(help.contains("HEADGATE_TEST_MAX_COUNT"))
  }
}
