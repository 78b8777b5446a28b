-- An alias is one account's at a time, not for ever: deleting an account frees its alias, and whoever sends HBAR to it then
-- gets a new account. Both are known here, and balances of the past may name the first.
DROP INDEX account_by_evm_address;
CREATE INDEX account_by_evm_address ON account (evm_address, num);
