"""What ``srcore evaluate`` measures: benchmark sets, contenders, tables."""
