#include <gmock/gmock.h>
#include <linux/bpf.h>

#include "tests/net/dropped_rights.h"
#include "tests/net/xdp/answers.h"
#include "tests/net/xdp/xdp_wire.h"

namespace sonde {
namespace {

class Rights : public XdpWire {
 protected:
  static SweptSet small() {
    SweptSet set({80});
    set.tables.most_neighbours = 1;
    set.through(hop_from("198.18.0.1")).addresses("198.18.1.0", 10).next_section();
    set.tables.permutation = Permutation(10, 7).core();
    set.tables.most_steps = 10;
    return set;
  }
};

TEST_F(Rights, WithoutThemTheErrorSaysWhatToDo) {
  with_capabilities(0, 0, [] {
    const auto refused = XdpSweep::open(small().tables);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::impossible);
    EXPECT_THAT(refused.error().text,
                testing::AllOf(testing::HasSubstr("CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON"),
                               testing::HasSubstr("setcap cap_bpf,cap_net_admin,cap_perfmon+ep")));
  });
}

TEST_F(Rights, TheThreeAreEnough) {
  const uint64_t three = bit(CAP_BPF) | bit(CAP_NET_ADMIN) | bit(CAP_PERFMON);
  with_capabilities(three, three, [] {
    const auto sweep = XdpSweep::open(small().tables);
    ASSERT_TRUE(sweep) << sweep.error().text;
    const auto attached = (*sweep)->attach(std::array{left()}, XdpMode::native);
    EXPECT_TRUE(attached) << attached.error().text;
  });
}

TEST_F(Rights, NoneIsNeededOnceItIsOpen) {
  ASSERT_TRUE(merge_segments("right"));
  const auto sweep = XdpSweep::open(small().tables);
  ASSERT_TRUE(sweep && (*sweep)->attach(std::array{left()}, XdpMode::native));
  with_capabilities(0, 0, [&] {
    const PinnedToOneCore pinned;
    (*sweep)->set_slice(0, 10);
    const auto reached = (*sweep)->run(pinned.core(), 0, 10, 1000);
    ASSERT_TRUE(reached) << reached.error().text;
    EXPECT_EQ(*reached, 10u);
    EXPECT_TRUE((*sweep)->set_neighbour(left(), packets::address("198.18.1.1"), kTheirStation));
    EXPECT_TRUE((*sweep)->take_events([](const sonde_event&) {}, Nanos::zero()));
  });
}

}  // namespace
}  // namespace sonde
