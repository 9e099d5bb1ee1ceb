/* Containers and algorithms of the standard library. */
#include <algorithm>
#include <bitset>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

static void ordered() {
    std::mt19937 random(12345);
    std::map<int, std::string> map;
    std::set<std::uint64_t> set;
    std::multimap<int, int> multimap;
    for (int i = 0; i < 5000; i++) {
        map[static_cast<int>(random() % 700)] += static_cast<char>('a' + i % 26);
        set.insert(random());
        multimap.emplace(random() % 50, i);
        if (i % 3 == 0) map.erase(static_cast<int>(random() % 700));
    }
    std::size_t length = 0;
    for (auto &[key, text] : map) length += text.size() * static_cast<std::size_t>(key);
    std::printf("%zu %zu %zu %zu\n", map.size(), length, set.size(), multimap.count(7));
    std::printf("%llu\n", static_cast<unsigned long long>(*std::next(set.begin(), 100)));
}

static void hashed() {
    std::unordered_map<std::string, int> counts;
    for (int i = 0; i < 20000; i++) counts["key" + std::to_string(i * 7919 % 997)] += i % 5;
    std::vector<std::pair<std::string, int>> sorted(counts.begin(), counts.end());
    std::sort(sorted.begin(), sorted.end());
    std::printf("%zu %s %d %d\n", sorted.size(), sorted[500].first.c_str(), sorted[500].second, sorted[996].second);
}

static void sequences() {
    std::vector<double> values(1000);
    std::iota(values.begin(), values.end(), -500.0);
    std::mt19937_64 random(99);
    std::shuffle(values.begin(), values.end(), random);
    std::nth_element(values.begin(), values.begin() + 300, values.end());
    std::printf("%.1f ", values[300]);
    std::stable_sort(values.begin(), values.end(), [](double a, double b) { return static_cast<int>(a) % 10 < static_cast<int>(b) % 10; });
    std::printf("%.1f %.1f ", values[0], values[999]);
    std::printf("%.3f\n", std::accumulate(values.begin(), values.end(), 0.5, [](double s, double v) { return s * 0.99 + v; }));
    std::deque<int> deque;
    std::list<int> list;
    for (int i = 0; i < 1000; i++) {
        if (i % 2) deque.push_back(i); else deque.push_front(i);
        list.insert(i % 3 ? list.begin() : list.end(), i);
    }
    list.sort();
    list.remove_if([](int i) { return i % 7 == 0; });
    list.unique();
    list.reverse();
    std::printf("%d %d %d %zu\n", deque.front(), deque[600], list.front(), list.size());
    std::priority_queue<int, std::vector<int>, std::greater<>> queue;
    for (int i = 0; i < 500; i++) queue.push(i * 37 % 501);
    int sum = 0;
    for (int i = 0; i < 100; i++) { sum += queue.top() * i; queue.pop(); }
    std::printf("%d\n", sum);
    std::vector<int> heap{5, 1, 8, 3, 9, 2};
    do { } while (std::next_permutation(heap.begin(), heap.end()) && heap[0] < 9);
    for (int i : heap) std::printf("%d ", i);
    std::printf("%d\n", std::binary_search(heap.begin(), heap.end(), 3));
}

static void values() {
    std::string text = "the quick brown fox";
    text.replace(4, 5, "slow").append(3, '!').insert(0, ">> ");
    std::reverse(text.begin() + 3, text.end());
    std::printf("%s %zu %s\n", text.c_str(), text.find("nwo"), text.substr(5, 6).c_str());
    std::printf("%d %f %s\n", std::stoi("-123abc"), std::stod("1e-3"), std::to_string(2.5).c_str());
    std::bitset<100> bits;
    for (int i = 0; i < 100; i += 7) bits.set(i);
    std::printf("%zu %s\n", bits.count(), (bits >> 60).to_string().substr(80).c_str());
    std::variant<int, std::string, double> variants[] = {1, "two", 3.0};
    for (auto &variant : variants)
        std::visit([](auto &v) { std::printf("%zu ", sizeof v > 8 ? 32 : sizeof v); }, variant);
    std::optional<int> none, some = 4;
    std::printf("%d %d\n", none.value_or(9), *some);
    auto [a, b, c] = std::make_tuple(1, 'b', 2.5f);
    std::printf("%d %c %.1f\n", a, b, c);
    std::uniform_int_distribution<int> dice(1, 6);
    std::mt19937 random(1);
    int histogram[7] = {};
    for (int i = 0; i < 6000; i++) histogram[dice(random)]++;
    for (int i = 1; i <= 6; i++) std::printf("%d ", histogram[i]);
    std::printf("\n");
}

int main() {
    ordered();
    hashed();
    sequences();
    values();
}
