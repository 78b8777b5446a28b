//! Where each method leads: from its path to the service that has its package.

use std::collections::HashMap;
use std::sync::Arc;

use auth::policy::{Method, Policy, PolicyTable};

/// One method of the contract, and the place of its service among the upstreams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) method: Method,
    /// `None` for a method that is never forwarded.
    pub(crate) upstream: Option<usize>,
}

/// Every method of the contract, by its path.
#[derive(Clone, Debug)]
pub(crate) struct Routes(HashMap<String, Arc<Route>>);

/// The contract has a package that nobody serves.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path} can be called from outside, and no service is configured for the package {package}")]
pub(crate) struct RoutesError {
    path: String,
    package: String,
}

impl Routes {
    /// Routes for every method of `policies`, to services whose packages are `packages`, in that order.
    pub(crate) fn new(policies: &PolicyTable, packages: &[&str]) -> Result<Routes, RoutesError> {
        let mut routes = HashMap::new();
        for method in policies.methods() {
            let upstream = packages.iter().position(|package| *package == method.package);
            if upstream.is_none() && method.policy != Policy::Internal {
                return Err(RoutesError { path: method.path.clone(), package: method.package.clone() });
            }
            routes.insert(method.path.clone(), Arc::new(Route { method: method.clone(), upstream }));
        }
        Ok(Routes(routes))
    }

    /// The route of a path, `/package.Service/Method`.
    pub(crate) fn find(&self, path: &str) -> Option<&Arc<Route>> {
        self.0.get(path)
    }
}

#[cfg(test)]
mod tests {
    use super::Routes;
    use auth::PolicyTable;

    #[test]
    fn every_method_of_the_contract_leads_to_the_service_of_its_package() {
        let policies =
            PolicyTable::from_descriptor_set(proto::FILE_DESCRIPTOR_SET).expect("the contract is sound");
        let packages =
            ["bursar.asset.v1", "bursar.holder.v1", "bursar.distribution.v1", "bursar.execution.v1"];
        let routes = Routes::new(&policies, &packages).expect("every package has a service");
        for method in policies.methods() {
            let route = routes.find(&method.path).expect("every method has a route");
            let upstream = route.upstream.expect("its package is served");
            assert_eq!(packages[upstream], method.package, "{}", method.path);
        }
        assert!(routes.find("/bursar.asset.v1.AssetService/Nothing").is_none());
    }

    #[test]
    fn a_package_that_nobody_serves_is_an_error_that_names_it() {
        let policies =
            PolicyTable::from_descriptor_set(proto::FILE_DESCRIPTOR_SET).expect("the contract is sound");
        let error = Routes::new(&policies, &["bursar.asset.v1", "bursar.holder.v1", "bursar.execution.v1"]);
        let error = error.map(drop).expect_err("nobody serves distributions").to_string();
        assert!(error.contains("bursar.distribution.v1"), "{error}");
    }
}
