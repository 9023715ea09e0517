#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace sonde {

/// How the plaintext part of a connection ended.
struct UpgradeEnd {
  enum class Kind : uint8_t {
    ready,       ///< what both sides say next is TLS
    refused,     ///< the server says that it will not; `words` are its own
    not_offered, ///< what the server says it can do has no TLS in it
    unexpected,  ///< what came is not this protocol; `words` is its beginning
    too_long,    ///< more came than a dialogue may have: UpgradeDialogue's limits
    closed,      ///< the server ended the connection
    leftover,    ///< bytes came between its consent and our first TLS record: they would be taken for TLS (a sign of injection, CVE-2011-0411)
  };
  /// What carries the TLS records.
  enum class Carrier : uint8_t {
    stream,  ///< nothing: they are the stream
    tds,     ///< packets of TDS, until the handshake is finished ([MS-TDS] 2.2.6.5)
  };

  Kind kind = Kind::ready;
  std::string words;  ///< printable, at most kMostWords bytes
  Carrier carrier = Carrier::stream;

  static constexpr size_t kMostWords = 200;

  static UpgradeEnd ready(Carrier carrier = Carrier::stream) { return {Kind::ready, {}, carrier}; }
  static UpgradeEnd refused(std::string_view words);
  static UpgradeEnd not_offered() { return {Kind::not_offered, {}, Carrier::stream}; }
  static UpgradeEnd unexpected(std::string_view bytes);
};

/// What an upgrade may say about us and the server.
struct UpgradeNames {
  std::string server;  ///< the name that is asked for; empty: none is known
  std::string client;  ///< how we call ourselves where a name must be given (EHLO)
};

class UpgradePeer;

/// One upgrade at work: a coroutine that awaits what the server says
/// (UpgradePeer) and returns how it ended.
class UpgradeRoutine {
 public:
  struct promise_type {
    std::optional<UpgradeEnd> end;

    UpgradeRoutine get_return_object() { return UpgradeRoutine(Handle::from_promise(*this)); }
    static std::suspend_always initial_suspend() noexcept { return {}; }
    static std::suspend_always final_suspend() noexcept { return {}; }
    void return_value(UpgradeEnd how) { end = std::move(how); }
    [[noreturn]] static void unhandled_exception() { throw; }
  };
  using Handle = std::coroutine_handle<promise_type>;

  explicit UpgradeRoutine(Handle handle) : handle_(handle) {}
  UpgradeRoutine(UpgradeRoutine&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  UpgradeRoutine& operator=(UpgradeRoutine&&) = delete;
  ~UpgradeRoutine() {
    if (handle_) handle_.destroy();
  }

  void resume() { handle_.resume(); }
  /// Once it has returned.
  const std::optional<UpgradeEnd>& end() const { return handle_.promise().end; }

 private:
  Handle handle_;
};

/// The server, as an upgrade sees it: what it says is awaited, in order.
class UpgradePeer {
 public:
  explicit UpgradePeer(UpgradeNames names) : names_(std::move(names)) {}
  UpgradePeer(const UpgradePeer&) = delete;
  UpgradePeer& operator=(const UpgradePeer&) = delete;

  const UpgradeNames& names() const { return names_; }
  void say(std::string_view bytes) { output_ += bytes; }

  /// Something that is awaited: the bytes, when all of it is there.
  class Awaited {
   public:
    enum class What : uint8_t { line, tag, bytes };
    Awaited(UpgradePeer& peer, What what, size_t count = 0) : peer_(peer), what_(what), count_(count) {}
    bool await_ready() { return take(); }
    void await_suspend(std::coroutine_handle<>) { peer_.awaited_ = this; }
    std::string await_resume() { return std::move(taken_); }

   private:
    friend class UpgradeDialogue;
    bool take();
    size_t length() const;

    UpgradePeer& peer_;
    What what_;
    size_t count_;
    std::string taken_;
  };

  /// The next line, without its line ending (LF or CR LF).
  Awaited line() { return {*this, Awaited::What::line}; }
  /// All up to the next '>', and that.
  Awaited tag() { return {*this, Awaited::What::tag}; }
  /// So many bytes.
  Awaited bytes(size_t count) { return {*this, Awaited::What::bytes, count}; }

 private:
  friend class UpgradeDialogue;
  std::string_view rest() const { return std::string_view(input_).substr(taken_); }

  UpgradeNames names_;
  std::string input_, output_;
  size_t taken_ = 0;     // of the input
  size_t searched_ = 0;  // of the input: without what ends a line or tag
  Awaited* awaited_ = nullptr;
  size_t lines_ = 0;
};

struct Upgrade;

/// An upgrade, without its connection: bytes in, bytes out. One thread.
class UpgradeDialogue {
 public:
  /// More is not listened to.
  static constexpr size_t kMostBytes = 64 * 1024;
  static constexpr size_t kMostLines = 100;

  UpgradeDialogue(const Upgrade& upgrade, UpgradeNames names);

  /// Begins. What is to be sent: take_output().
  std::optional<UpgradeEnd> start();
  /// Takes what came. How it ended, once it has; nothing may be given after that.
  std::optional<UpgradeEnd> give(std::span<const std::byte> bytes);
  /// The server sends no more.
  UpgradeEnd closed() const;
  /// What is to be sent now, each byte once.
  std::string take_output() { return std::exchange(peer_.output_, {}); }

 private:
  std::optional<UpgradeEnd> go_on();

  UpgradePeer peer_;
  UpgradeRoutine routine_;
  size_t heard_ = 0;
};

}  // namespace sonde
