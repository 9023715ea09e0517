#include "net/neighbour_survey.h"

#include <algorithm>
#include <cstring>

#include "net/packet/neighbour_question.h"
#include "net/packet/packet_reader.h"

namespace sonde {
namespace {

// Who does not answer takes three seconds: so many wait together.
constexpr size_t kAtOnce = 16384;
constexpr size_t kQuestionsAtOnce = 32;
constexpr Nanos kLongestSleep = std::chrono::milliseconds(10);
constexpr Nanos kLongestRefusal = std::chrono::seconds(2);

/// The survey of some neighbours.
class Survey {
 public:
  Survey(PacketPort& port, const Clock& clock, double questions_per_second)
      : port_(port),
        clock_(clock),
        pause_(std::chrono::duration_cast<Nanos>(std::chrono::duration<double>(1 / questions_per_second))),
        next_question_(clock.now()) {}

  Result<void> run(std::span<const NeighbourQuery> queries, const std::function<bool()>& stop) {
    for (const NeighbourQuery& query : queries) resolver_.look_up(query.neighbour, query.asker, clock_.now());
    while (resolver_.next_event() != Instant::max() && !stop()) {
      ask();
      if (refused_since_ && clock_.now() - *refused_since_ >= kLongestRefusal) {
        return impossible_error(std::string("no neighbour can be asked for its link address: ") +
                                std::strerror(refusal_) + "; look at the link with `ip -s link`");
      }
      listen();
    }
    return {};
  }

  LinkAddress station_of(const Neighbour& neighbour) const {
    const auto known = resolver_.known(neighbour);
    return known && known->status == NeighbourResolver::Status::resolved ? known->station : LinkAddress{};
  }

  uint64_t questions() const { return questions_; }

 private:
  void ask() {
    due_.clear();
    const Instant now = clock_.now();
    if (now < next_question_) return;
    const auto budget = static_cast<size_t>((now - next_question_) / std::max(pause_, Nanos(1))) + 1;
    resolver_.due_questions(now, std::min(budget, kQuestionsAtOnce), due_);
    for (const NeighbourQuery& query : due_) send(query, now);
    next_question_ =
        std::max(next_question_, now - kLongestSleep) + pause_ * static_cast<int64_t>(due_.size());
  }

  void send(const NeighbourQuery& query, Instant now) {
    const SendResult sent = send_question(port_, query);
    questions_ += sent.taken;
    if (sent.taken > 0) return refused_since_.reset();
    resolver_.not_sent(query.neighbour, now);
    refusal_ = sent.error;
    if (!refused_since_) refused_since_ = now;
  }

  void listen() {
    const Instant now = clock_.now();
    const Instant next = std::max(resolver_.next_event(), next_question_);
    if (next > now) port_.wait(std::min(next - now, kLongestSleep), -1);
    for (const IncomingPacket& packet : port_.receive()) {
      const PacketContent content = read_packet(packet.ether_type, packet.bytes);
      if (const auto* answer = std::get_if<NeighbourAnswer>(&content))
        resolver_.take({packet.interface_index, answer->address}, answer->station, clock_.now());
    }
  }

  PacketPort& port_;
  const Clock& clock_;
  const Nanos pause_;
  Instant next_question_;
  NeighbourResolver resolver_;
  std::vector<NeighbourQuery> due_;
  std::optional<Instant> refused_since_;
  int refusal_ = 0;
  uint64_t questions_ = 0;
};

}  // namespace

SendResult send_question(PacketPort& port, const NeighbourQuery& query) {
  const NeighbourQuestion question =
      make_neighbour_question(query.neighbour.address, query.asker.address, query.asker.station);
  const OutgoingPacket packet{.interface_index = query.neighbour.interface_index,
                              .ether_type = question.ether_type,
                              .to = question.to,
                              .bytes = question.packet()};
  return port.send({&packet, 1});
}

Result<uint64_t> survey_neighbours(PacketPort& port, std::span<const NeighbourQuery> queries,
                                   double questions_per_second, const Clock& clock,
                                   const std::function<bool()>& stop, const OnNeighbour& on_neighbour) {
  uint64_t questions = 0;
  for (; !queries.empty(); queries = queries.subspan(std::min(queries.size(), kAtOnce))) {
    const auto some = queries.first(std::min(queries.size(), kAtOnce));
    Survey survey(port, clock, questions_per_second);
    if (Result<void> asked = survey.run(some, stop); !asked) return tl::unexpected(asked.error());
    questions += survey.questions();
    if (stop()) break;
    for (const NeighbourQuery& query : some) {
      const LinkAddress station = survey.station_of(query.neighbour);
      on_neighbour(query, station.size > 0 ? &station : nullptr);
    }
  }
  return questions;
}

}  // namespace sonde
