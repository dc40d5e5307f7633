// The step patterns of dynamic time warping: plain constants, for the kernels and for backtracking.
#pragma once

namespace wavenet {

// A cell that a move charges for, `rows` and `columns` before its end.
struct DtwCharge {
  int rows;
  int columns;
  double weight;
};

// One way into a cell (i, j): from (i - rows, j - columns), for the sum of weight * cost over the
// `length` charged cells, the earliest first and (i, j) itself last.
struct DtwMove {
  int rows;
  int columns;
  int length;
  DtwCharge charges[4];
};

// Moves in the order of preference between equal totals.
struct DtwPattern {
  const char* name;
  int count;
  DtwMove moves[5];
};

// No move reaches further back than this many rows, or columns; nor rows and columns together than
// kDtwLag.
constexpr int kDtwReach = 3;
constexpr int kDtwLag = 5;

// The names are those of the dtw packages for R and Python (Giorgino 2009). symmetric2 is the
// P = 0 of Sakoe and Chiba 1978, table I; P05, P1 and P2 are their slope constraints 1/2, 1 and 2.
constexpr DtwPattern kDtwSymmetric1 = {
    "symmetric1",
    3,
    {{1, 1, 1, {{0, 0, 1.0}}}, {0, 1, 1, {{0, 0, 1.0}}}, {1, 0, 1, {{0, 0, 1.0}}}}};
constexpr DtwPattern kDtwSymmetric2 = {
    "symmetric2",
    3,
    {{1, 1, 1, {{0, 0, 2.0}}}, {0, 1, 1, {{0, 0, 1.0}}}, {1, 0, 1, {{0, 0, 1.0}}}}};
constexpr DtwPattern kDtwSymmetricP05 = {"symmetricP05",
                                         5,
                                         {{1, 1, 1, {{0, 0, 2.0}}},
                                          {1, 2, 2, {{0, 1, 2.0}, {0, 0, 1.0}}},
                                          {1, 3, 3, {{0, 2, 2.0}, {0, 1, 1.0}, {0, 0, 1.0}}},
                                          {2, 1, 2, {{1, 0, 2.0}, {0, 0, 1.0}}},
                                          {3, 1, 3, {{2, 0, 2.0}, {1, 0, 1.0}, {0, 0, 1.0}}}}};
constexpr DtwPattern kDtwSymmetricP1 = {"symmetricP1",
                                        3,
                                        {{1, 1, 1, {{0, 0, 2.0}}},
                                         {1, 2, 2, {{0, 1, 2.0}, {0, 0, 1.0}}},
                                         {2, 1, 2, {{1, 0, 2.0}, {0, 0, 1.0}}}}};
constexpr DtwPattern kDtwSymmetricP2 = {"symmetricP2",
                                        3,
                                        {{1, 1, 1, {{0, 0, 2.0}}},
                                         {2, 3, 3, {{1, 2, 2.0}, {0, 1, 2.0}, {0, 0, 1.0}}},
                                         {3, 2, 3, {{2, 1, 2.0}, {1, 0, 2.0}, {0, 0, 1.0}}}}};
constexpr DtwPattern kDtwAsymmetric = {
    "asymmetric",
    3,
    {{1, 1, 1, {{0, 0, 1.0}}}, {1, 2, 1, {{0, 0, 1.0}}}, {1, 0, 1, {{0, 0, 1.0}}}}};
// Itakura 1975: one row a charge, slope from 1/2 to 2, never two rows in a column in succession.
constexpr DtwPattern kDtwItakura = {"itakura",
                                    4,
                                    {{1, 1, 1, {{0, 0, 1.0}}},
                                     {1, 2, 1, {{0, 0, 1.0}}},
                                     {2, 1, 2, {{1, 0, 1.0}, {0, 0, 1.0}}},
                                     {2, 2, 2, {{1, 0, 1.0}, {0, 0, 1.0}}}}};

constexpr int kDtwPatternCount = 7;
constexpr const DtwPattern* kDtwPatterns[kDtwPatternCount] = {
    &kDtwSymmetric1,  &kDtwSymmetric2, &kDtwSymmetricP05, &kDtwSymmetricP1,
    &kDtwSymmetricP2, &kDtwAsymmetric, &kDtwItakura};

}  // namespace wavenet
